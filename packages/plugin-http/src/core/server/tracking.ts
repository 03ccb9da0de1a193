/**
 * From a socket of node:http to its connection.
 * @module
 */
import type { Socket } from 'node:net'
import type { HttpConnection } from './connection.ts'

const CONNECTION = Symbol('unisock.http.connection')

interface TrackedSocket extends Socket {
  [CONNECTION]?: HttpConnection
}

export function track(socket: Socket, connection: HttpConnection): void {
  ;(socket as TrackedSocket)[CONNECTION] = connection
}

export function connectionOf(socket: Socket): HttpConnection | undefined {
  return (socket as TrackedSocket)[CONNECTION]
}
