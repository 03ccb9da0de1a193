/**
 * Compresses one body: what the threads of the pool run.
 * @module
 */
import * as zlib from 'node:zlib'
import type { CacheEncoding } from './options.ts'

export interface CompressTask {
  readonly body: Uint8Array
  readonly encoding: CacheEncoding
}

/** A form that saves less is not worth its room. */
const WORTH = 0.95

/** What is compressed once and sent often may take its time; more than this gains little. */
const BROTLI_QUALITY = 6

/** Null: it would hardly be smaller, or this Node has no such coding. */
export default function compress({ body, encoding }: CompressTask): Uint8Array | null {
  const compressed = encode(body, encoding)
  return compressed && compressed.byteLength < body.byteLength * WORTH ? compressed : null
}

function encode(body: Uint8Array, encoding: CacheEncoding): Uint8Array | undefined {
  if (encoding === 'gzip') return zlib.gzipSync(body)
  // Node 22.15 and later.
  if (encoding === 'zstd') return zlib.zstdCompressSync?.(body)
  return zlib.brotliCompressSync(body, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: body.byteLength,
    },
  })
}
