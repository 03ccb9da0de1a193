/**
 * Bind and connect targets, from the forms programs write to the one drivers get.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Target } from '../plugin/driver.ts'
import type { BindTarget } from '../types.ts'

const LOOPBACK = '127.0.0.1'

/** @throws SocketError EBADADDR */
export function toTarget(at: BindTarget | undefined, fd: number, op: 'bind' | 'connect'): Target {
  const refuse = (reason: string): SocketError => new SocketError('EBADADDR', `${op}: ${reason}`, { fd, op })
  if (typeof at === 'number') return { host: LOOPBACK, port: checkPort(at, refuse) }
  if (typeof at === 'string') return { path: at }
  if (typeof at !== 'object' || at === null) throw refuse(`${String(at)} is no port, path or address`)
  if ('on' in at) {
    if (typeof at.on !== 'number') throw refuse('on must be the fd of a listener')
    return at.path === undefined ? { on: at.on } : { on: at.on, path: at.path }
  }
  if ('path' in at) {
    if (typeof at.path !== 'string' || at.path === '') throw refuse('path must be a string that is not empty')
    return { path: at.path }
  }
  if (at.host !== undefined && typeof at.host !== 'string') throw refuse('host must be a string')
  return { host: at.host ?? LOOPBACK, port: checkPort(at.port, refuse) }
}

function checkPort(port: unknown, refuse: (reason: string) => SocketError): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65535) return port
  throw refuse(`port ${String(port)} is not an integer from 0 to 65535`)
}
