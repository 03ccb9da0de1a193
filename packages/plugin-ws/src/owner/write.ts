/**
 * What programs write, to what crosses.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { SocketError } from '@unisock/kernel/plugin'
import { AS_BINARY, COMPRESS, NO_COMPRESS, type WrittenWire } from '../wire.ts'
import { dataText, kindOf } from './json.ts'

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
    throw refuse('ETYPENOTSUPP', `${kindOf(data)} is neither text nor bytes, and has no data`)
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
  return typeof data === 'string' || data instanceof Uint8Array ? data : dataText(data, 'write')
}

function refuse(code: 'ETYPENOTSUPP' | 'EINVAL', message: string): SocketError {
  return new SocketError(code, message, { op: 'write' })
}
