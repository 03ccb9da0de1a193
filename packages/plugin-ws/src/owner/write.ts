/**
 * What programs write, to what crosses.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { SocketError } from '@unisock/kernel/plugin'
import { AS_BINARY, COMPRESS, NO_COMPRESS, type WrittenWire } from '../wire.ts'

/** A message with how it is to be sent. A received one may be written as it is. */
export interface WsOutgoing {
  /** Text and bytes are sent as they are, anything else as JSON. */
  data: unknown
  /** Whether it goes as a binary message or as text. @default true for bytes, false for the rest */
  binary?: boolean
  /** Compress it, or do not, where permessage-deflate was agreed on. @default by size, as WS_COMPRESSION says */
  compress?: boolean
}

/** What `write` takes: text, bytes, or a message with how it is to be sent. */
export type WsWrite = string | Uint8Array | WsOutgoing

/** @throws {SocketError} `ETYPENOTSUPP` for what cannot be sent, `EINVAL` for bytes that are to be text and are not. */
export function toWire(data: WsWrite): WrittenWire {
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  if (typeof data !== 'object' || data === null || !('data' in data))
    throw refuse('ETYPENOTSUPP', `this mode sends text, Uint8Arrays and { data }, not ${kindOf(data)}`)
  const { binary, compress } = data
  const payload = payloadOf(data.data)
  const bytes = typeof payload !== 'string'
  if (bytes && binary === false && !isUtf8(payload))
    throw refuse('EINVAL', 'the bytes are to be sent as text, but are not UTF-8')
  if (compress === undefined && (binary ?? bytes) === bytes) return payload
  const compression = compress === undefined ? 0 : compress ? COMPRESS : NO_COMPRESS
  return [payload, ((binary ?? bytes) ? AS_BINARY : 0) | compression]
}

function payloadOf(data: unknown): string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  let text: string | undefined
  try {
    text = JSON.stringify(data)
  } catch (cause) {
    throw refuse('ETYPENOTSUPP', `data cannot be written as JSON: ${(cause as Error).message}`, cause)
  }
  if (text === undefined)
    throw refuse('ETYPENOTSUPP', `data cannot be written as JSON: it is ${kindOf(data)}`)
  return text
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object without data' : `a ${typeof value}`
}

function refuse(code: 'ETYPENOTSUPP' | 'EINVAL', message: string, cause?: unknown): SocketError {
  return new SocketError(code, message, { op: 'write', cause })
}
