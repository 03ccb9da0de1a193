/**
 * What is told of a watched tree. Paths are below the watched directory, in bytes ('latin1').
 * @module
 */
import type { WatchAction } from '../owner/watch.ts'

export interface Change {
  readonly action: WatchAction
  readonly path: string
  readonly directory: boolean
  /** Where `moved` took it from. */
  readonly from?: string
}

/** Bytes as text: names that are no UTF-8 as one character a byte. */
export function decode(bytes: string): string {
  if (isAscii(bytes)) return bytes
  const buffer = Buffer.from(bytes, 'latin1')
  const text = buffer.toString()
  return text.includes('\uFFFD') && !Buffer.from(text).equals(buffer) ? bytes : text
}

function isAscii(bytes: string): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes.charCodeAt(i) > 127) return false
  return true
}
