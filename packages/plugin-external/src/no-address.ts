/**
 * Sockets that have no address of their own.
 * @module
 */
import { SocketError, type Target } from '@unisock/kernel/plugin'

/** @throws {SocketError} `EBADADDR` for anything but 0 or nothing */
export function noAddress({ on, path, port = 0 }: Target, op: 'bind' | 'connect'): void {
  if (on === undefined && path === undefined && port === 0) return
  throw new SocketError('EBADADDR', `this mode has no address: ${op}(fd, 0)`, { op })
}
