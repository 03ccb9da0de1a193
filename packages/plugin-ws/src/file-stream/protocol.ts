/**
 * The subprotocol `unisock.file.v1`: files between two ends, of which either may send and ask.
 *
 * Text messages are envelopes in JSON, told apart by `op`; binary messages are chunks. Whoever sends a file numbers it
 * (`id`), whoever asks for one numbers the question (`ref`); numbers are from 0 to 2^32 - 1 and not used twice on a
 * connection.
 *
 * | op | by | says |
 * |---|---|---|
 * | `fetch` | asker | `ref`, `name`: send me this file |
 * | `deny` | asked | `ref`, `code`, `reason`: no |
 * | `offer` | sender | `id`, `name`, `size`? where it is known, `type`?, `ref`? of the question it answers |
 * | `accept` | receiver | `id`, `offset` that it has already, `digest`? of what it has |
 * | `start` | sender | `id`, `offset` that chunks begin at: the accepted one, or 0 where the digest is not that of its file |
 * | `done` | sender | `id`, `size`, `digest`? of the whole file |
 * | `received` | receiver | `id`: whole, with that digest, under its name |
 * | `abort` | either | `id`, `by` (`sender` or `receiver`, what it is to this file), `code`, `reason` |
 *
 * A digest is the SHA-256 in lower-case hexadecimal. A chunk is `id` in four bytes and its offset in eight, both with the
 * highest byte first, and then its bytes; the chunks of a file come without gaps and in order, those of several files may
 * alternate. Envelopes for a number that is over are ignored, since they may have crossed its end. A sender whose connection
 * was lost offers the file again on the next, and a receiver accepts it at what it has.
 *
 * What is sent while it is made has no second time: it starts at 0, and ends with its connection.
 *
 * What is none of this breaks the protocol (close code 1002).
 * @module
 */

export const SUBPROTOCOL = 'unisock.file.v1'

export type Envelope =
  | { op: 'fetch'; ref: number; name: string }
  | { op: 'deny'; ref: number; code: string; reason: string }
  | { op: 'offer'; id: number; name: string; size?: number; type?: string; ref?: number }
  | { op: 'accept'; id: number; offset: number; digest?: string }
  | { op: 'start'; id: number; offset: number }
  | { op: 'done'; id: number; size: number; digest?: string }
  | { op: 'received'; id: number }
  | { op: 'abort'; id: number; by: 'sender' | 'receiver'; code: string; reason: string }

type Check = (value: unknown) => boolean

const HEX_DIGEST = /^[0-9a-f]{64}$/
const CODE = /^[A-Z][A-Z0-9_]{0,63}$/
const isNumber: Check = value =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32
const isSize: Check = value => Number.isSafeInteger(value) && (value as number) >= 0
const isText: Check = value => typeof value === 'string' && value.length <= 4096
const isDigest: Check = value => typeof value === 'string' && HEX_DIGEST.test(value)
const isCode: Check = value => typeof value === 'string' && CODE.test(value)
const isSide: Check = value => value === 'sender' || value === 'receiver'
const maybe =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)

const FIELDS: Readonly<Record<Envelope['op'], Readonly<Record<string, Check>>>> = {
  fetch: { ref: isNumber, name: isText },
  deny: { ref: isNumber, code: isCode, reason: isText },
  offer: { id: isNumber, name: isText, size: maybe(isSize), type: maybe(isText), ref: maybe(isNumber) },
  accept: { id: isNumber, offset: isSize, digest: maybe(isDigest) },
  start: { id: isNumber, offset: isSize },
  done: { id: isNumber, size: isSize, digest: maybe(isDigest) },
  received: { id: isNumber },
  abort: { id: isNumber, by: isSide, code: isCode, reason: isText },
}

/** Undefined for text that is no envelope. Fields that are not known are ignored. */
export function parseEnvelope(text: string): Envelope | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const envelope = value as Record<string, unknown>
  const op = envelope.op
  if (typeof op !== 'string' || !Object.hasOwn(FIELDS, op)) return undefined
  const fields = Object.entries(FIELDS[op as Envelope['op']])
  return fields.every(([name, check]) => check(envelope[name])) ? (envelope as Envelope) : undefined
}

/** Bytes before those of the file. */
export const CHUNK_HEAD = 12

export interface Chunk {
  id: number
  offset: number
  bytes: Buffer
}

export function encodeChunk(id: number, offset: number, bytes: Uint8Array): Buffer {
  const chunk = Buffer.allocUnsafe(CHUNK_HEAD + bytes.length)
  chunk.writeUInt32BE(id, 0)
  chunk.writeUInt32BE(Math.floor(offset / 2 ** 32), 4)
  chunk.writeUInt32BE(offset % 2 ** 32, 8)
  chunk.set(bytes, CHUNK_HEAD)
  return chunk
}

/** Undefined for what is no chunk: it is too short, or begins beyond what numbers hold. */
export function parseChunk(data: Buffer): Chunk | undefined {
  if (data.length < CHUNK_HEAD) return undefined
  const offset = data.readUInt32BE(4) * 2 ** 32 + data.readUInt32BE(8)
  if (!Number.isSafeInteger(offset)) return undefined
  return { id: data.readUInt32BE(0), offset, bytes: data.subarray(CHUNK_HEAD) }
}
