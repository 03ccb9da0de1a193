/**
 * What stream and datagram modes write.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** @throws {SocketError} `ETYPENOTSUPP` */
export function assertText(data: unknown): string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  const what = data === null ? 'null' : Array.isArray(data) ? 'an array' : `a ${typeof data}`
  throw new SocketError('ETYPENOTSUPP', `this mode sends strings and Uint8Arrays, not ${what}`, {
    op: 'write',
  })
}
