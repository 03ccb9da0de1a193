/**
 * WEBSOCKET_BINARY_STREAM in the owner's thread.
 * @module
 */
import type { OwnerHalf } from '@unisock/kernel/plugin'
import { SocketError } from '@unisock/kernel/plugin'
import { wsOwner } from '../owner/ws-owner.ts'

/** @throws {SocketError} `ETYPENOTSUPP` */
function encode(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (typeof data === 'string') return Buffer.from(data)
  throw new SocketError('ETYPENOTSUPP', `a stream takes text and Uint8Arrays, not a ${typeof data}`, {
    op: 'write',
  })
}

/** Bytes come as Buffers; what comes on a listener asks for admission. */
export const byteStreamOwner: OwnerHalf = {
  ...wsOwner,
  encode,
  receive: (wire, port, bytes) =>
    (wire instanceof Uint8Array ? wire : wsOwner.receive!(wire, port, bytes)) as never,
}
