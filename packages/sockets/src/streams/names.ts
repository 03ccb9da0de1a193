/**
 * The names of a socket's two ends.
 * @module
 */
import type { Socket } from 'node:net'
import { InetAddr } from '../address/index.ts'
import type { Address } from '../engine/target.ts'
import { SocketsError } from '../errors.ts'

/** An address and port; the path of a local socket, empty where it has none. */
export type SocketName = InetAddr | string

export function sockName(end: Socket | Address): SocketName {
  if ('family' in end) return end.family === 'local' ? end.address : new InetAddr(end.address, end.port)
  const { localAddress, localPort } = end
  if (end.destroyed && localAddress === undefined) throw closed('getSockName')
  return localAddress === undefined ? '' : new InetAddr(localAddress, localPort!)
}

export function peerName(stream: Socket): SocketName {
  const { remoteAddress, remotePort } = stream
  if (stream.destroyed && remoteAddress === undefined) throw closed('getPeerName')
  return remoteAddress === undefined ? '' : new InetAddr(remoteAddress, remotePort!)
}

function closed(operation: string): SocketsError {
  return new SocketsError('ERR_SOCKET_CLOSED', undefined, { operation })
}
