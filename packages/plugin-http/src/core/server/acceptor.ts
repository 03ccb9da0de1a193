/**
 * The listening socket of a server: takes its address at bind, and holds what connects until listen.
 * @module
 */
import type { Socket } from 'node:net'
import {
  type Addr,
  libraryFailure,
  type PluginSocket,
  SO_BACKLOG,
  SO_IPV6ONLY,
  SO_MAX_CONNECTIONS,
  SO_REUSEPORT,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { Listener } from '@unisock/sockets/engine'

export class Acceptor {
  readonly #socket: PluginSocket
  readonly #listener: Listener

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#listener = new Listener({
      backlog: socket.option(SO_BACKLOG),
      reusePort: socket.option(SO_REUSEPORT),
      ipv6Only: socket.option(SO_IPV6ONLY),
      onError: cause =>
        socket.error(new SocketError('EACCEPT', `accept failed: ${cause.message}`, { cause })),
      onDrop: () => socket.log('debug', 'refused a connection: SO_MAX_CONNECTIONS are open'),
    })
    this.refresh()
  }

  /** @throws {SocketError} `EBADADDR` for a target that is no address; the system's errors with their own codes. */
  async bind(at: Target): Promise<Addr> {
    if (at.on !== undefined)
      throw new SocketError(
        'ENOTSUP',
        'an HTTP server takes connections of its own only: bind it to a port or a path',
      )
    try {
      return await this.#listener.bind(at)
    } catch (error) {
      throw libraryFailure(error, 'bind')
    }
  }

  /** Serves what has connected since bind, and what will. Nothing was read of it. */
  open(serve: (socket: Socket) => void): void {
    this.#listener.open(serve)
  }

  /** Takes over SO_MAX_CONNECTIONS. */
  refresh(): void {
    this.#listener.maxConnections = this.#socket.option(SO_MAX_CONNECTIONS) || undefined
  }

  /** Gives the address back; connections that were served stay. */
  close(): void {
    this.#listener.close()
  }
}
