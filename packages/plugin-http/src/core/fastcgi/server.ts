/**
 * The FastCGI side of a listener.
 * @module
 */
import { chmod, chown } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { type Addr, type PluginSocket, SocketError } from '@unisock/kernel/plugin'
import type { FrontDoor } from '../apache/door.ts'
import type { FastCgiPlace } from '../apache/place.ts'
import { HTTP_MAX_HEADER_SIZE } from '../options.ts'
import { type HttpConnection, peerOf } from '../server/connection.ts'
import { Deadlines } from '../server/deadlines.ts'
import type { HttpSettings } from '../server/settings.ts'
import { FastCgiConnection, type FastCgiHost } from './connection.ts'
import type { Incoming } from './incoming.ts'
import type { FastCgiMessage } from './message.ts'

/** Variables that a web server adds to a request's fields: Apache's own environment is among them. */
const SERVER_VARIABLES = 16 * 1024
/** What a unix socket's file may be written by, unless the option says: owner and group. */
const MODE = 0o660

export interface FastCgiListener {
  readonly socket: PluginSocket
  readonly settings: HttpSettings
  readonly draining: boolean
  /** Begins a connection of HTTP's. */
  begin(socket: Socket): HttpConnection
}

export class FastCgiServer implements FastCgiHost {
  readonly #listener: FastCgiListener
  readonly #door: FrontDoor
  readonly #connections = new Set<FastCgiConnection>()
  #reading: Deadlines

  constructor(listener: FastCgiListener, door: FrontDoor) {
    this.#listener = listener
    this.#door = door
    this.#reading = new Deadlines(listener.settings.readTimeout)
  }

  get maxVariables(): number {
    return this.#listener.socket.option(HTTP_MAX_HEADER_SIZE) + SERVER_VARIABLES
  }

  get draining(): boolean {
    return this.#listener.draining
  }

  /** Web servers' connections. */
  get size(): number {
    return this.#connections.size
  }

  /** Takes a web server's connection, if it may speak FastCGI. */
  serve(socket: Socket): void {
    const peer = peerOf(socket)
    if (!this.#door.trustsFastCgi(peer)) {
      socket.destroy()
      return
    }
    const connection = new FastCgiConnection(socket, peer, this)
    this.#connections.add(connection)
    this.#listener.settings.firstBytes.set(connection)
    socket.resume()
  }

  begin(socket: Socket): HttpConnection {
    return this.#listener.begin(socket)
  }

  admit(message: FastCgiMessage, variables: readonly string[], peer: Addr): void {
    this.#door.admitCgi(message, variables, peer)
  }

  limit(incoming: Incoming): void {
    const { readTimeout } = this.#listener.settings
    if (this.#reading.delay !== readTimeout) this.#reading = new Deadlines(readTimeout)
    this.#reading.set(incoming)
  }

  refused({ address, port }: Addr, { message }: Error): void {
    this.#listener.socket.log('debug', `refused what a web server sent: ${message}`, { address, port })
  }

  forget(connection: FastCgiConnection): void {
    this.#connections.delete(connection)
  }

  /** No more requests after those that have begun. */
  drain(): void {
    for (const connection of this.#connections) connection.drain()
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy()
  }
}

/** Gives a unix socket's file the rights that the option says. */
export async function setRights(place: FastCgiPlace | undefined, { family, address }: Addr): Promise<void> {
  if (family !== 'local') return
  const { mode = MODE, owner } = typeof place === 'object' ? place : {}
  try {
    if (owner) await chown(address, owner.uid ?? -1, owner.gid ?? -1)
    await chmod(address, mode)
  } catch (cause) {
    throw new SocketError('EACCES', `APACHE_FASTCGI_SOCKET (301): ${(cause as Error).message}`, {
      op: 'bind',
      cause,
    })
  }
}
