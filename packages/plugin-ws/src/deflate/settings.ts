/**
 * permessage-deflate (RFC 7692) as the options set it up. Memory decides: windows are small, and nothing is kept between
 * messages unless that is asked for.
 * @module
 */
import type { Connection } from '@unisock/kernel/plugin'
import { type Compression, WS_COMPRESSION, WS_EXTENSIONS } from '../options/index.ts'

export interface CompressionSettings extends Required<Compression> {
  /** zlib's own where absent. */
  level?: number
}

export const DEFAULTS: CompressionSettings = {
  windowBits: 10,
  memLevel: 4,
  threshold: 1024,
  contextTakeover: false,
}

/** Bytes that zlib gives out at a time. */
const CHUNK_SIZE = 1024

/** Undefined: no compression. */
export function compressionOf(fd: Connection): CompressionSettings | undefined {
  const value = fd.option(WS_COMPRESSION) ?? fd.option(WS_EXTENSIONS).includes('permessage-deflate')
  if (value === false) return undefined
  return value === true ? DEFAULTS : { ...DEFAULTS, ...value }
}

/** What the library takes for zlib. Which messages are compressed is decided before they come to it. */
export function zlibOptions({ memLevel, level }: CompressionSettings) {
  return {
    threshold: 0,
    zlibDeflateOptions: { memLevel, chunkSize: CHUNK_SIZE, ...(level !== undefined && { level }) },
    zlibInflateOptions: { chunkSize: CHUNK_SIZE },
  }
}
