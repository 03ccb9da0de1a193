/**
 * Name-value pairs (FastCGI specification 1.0, section 3.4).
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** Lengths up to here take one byte, others four. */
const SHORT = 127

/** Names and values in turn, as Latin-1: what node:http makes of header fields. */
export function decodePairs(bytes: Buffer): string[] {
  const flat: string[] = []
  // A slice of a string costs less than a string of bytes.
  const text = bytes.toString('latin1')
  let at = 0
  const length = (): number => {
    const first = bytes[at]
    if (first === undefined) throw cut()
    if (first <= SHORT) {
      at += 1
      return first
    }
    if (at + 4 > bytes.length) throw cut()
    const long = bytes.readUInt32BE(at) & 0x7fffffff
    at += 4
    return long
  }
  while (at < bytes.length) {
    const nameLength = length()
    const valueLength = length()
    const value = at + nameLength
    const end = value + valueLength
    if (end > bytes.length) throw cut()
    flat.push(text.slice(at, value), text.slice(value, end))
    at = end
  }
  return flat
}

function cut(): SocketError {
  return new SocketError('EPROTO', 'name-value pairs end within a pair')
}

/** What {@link decodePairs} reads. */
export function encodePairs(flat: readonly string[]): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = Buffer.from(flat[i]!, 'latin1')
    const value = Buffer.from(flat[i + 1]!, 'latin1')
    parts.push(encodeLength(name.length), encodeLength(value.length), name, value)
  }
  return Buffer.concat(parts)
}

function encodeLength(length: number): Buffer {
  if (length <= SHORT) return Buffer.from([length])
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE((length | 0x80000000) >>> 0)
  return bytes
}
