/**
 * Where sockets are bound and connected to, as the engine takes it.
 * @module
 */
import { type AddressInfo, isIPv6, type Socket } from 'node:net'
import { SocketsError } from '../errors.ts'

/** A host and a port, or the path of a local socket. */
export interface Target {
  /** A name or a literal address. @default '127.0.0.1' */
  host?: string | undefined
  port?: number | undefined
  path?: string | undefined
}

/** One end of a connection. A local socket's `address` is its path and its port 0. */
export interface Address {
  address: string
  port: number
  family: 'IPv4' | 'IPv6' | 'local'
}

export const LOOPBACK = '127.0.0.1'

/** @throws {SocketsError} `ERR_INVALID_PORT` */
export function checkPort(port: number | undefined, operation: string): number {
  if (port === undefined || !Number.isInteger(port) || port < 0 || port > 65535)
    throw new SocketsError('ERR_INVALID_PORT', `a port is an integer from 0 to 65535, got ${String(port)}`, {
      operation,
    })
  return port
}

/** What `server.address()` says. */
export function toAddress(info: AddressInfo | string | null): Address {
  if (info === null || typeof info === 'string') return { address: info ?? '', port: 0, family: 'local' }
  return { address: info.address, port: info.port, family: info.family === 'IPv6' ? 'IPv6' : 'IPv4' }
}

/** The peer of a connected socket; that of a local socket has no name but the path it was met at. */
export function peerAddress({ remoteAddress, remotePort }: Socket, path = ''): Address {
  if (remoteAddress === undefined) return { address: path, port: 0, family: 'local' }
  return { address: remoteAddress, port: remotePort!, family: isIPv6(remoteAddress) ? 'IPv6' : 'IPv4' }
}
