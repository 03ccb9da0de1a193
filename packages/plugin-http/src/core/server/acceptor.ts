/**
 * The listening socket: takes its address at bind, and holds what connects until listen.
 * @module
 */
import { type AddressInfo, createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import {
  type Addr,
  type PluginSocket,
  SO_BACKLOG,
  SO_IPV6ONLY,
  SO_MAX_CONNECTIONS,
  SO_REUSEPORT,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { removeStaleSocket } from './stale-socket.ts'

export class Acceptor {
  readonly #socket: PluginSocket
  readonly #backlog: number
  #server: Server
  #held: Socket[] = []
  #serve: ((socket: Socket) => void) | undefined

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#backlog = socket.option(SO_BACKLOG)
    this.#server = this.#createServer()
  }

  /**
   * Takes the address for real: by listening, since not every Node can bind alone.
   *
   * @throws {SocketError} `EBADADDR` for a target that is no address; the system's errors with their own codes.
   */
  async bind(at: Target): Promise<Addr> {
    const options = this.#listenOptions(at)
    try {
      await this.#listen(options)
    } catch (error) {
      const { path } = options
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!inUse || path === undefined || !(await removeStaleSocket(path))) throw error
      this.#server = this.#createServer()
      await this.#listen(options)
    }
    this.#server.on('error', error =>
      this.#socket.error(new SocketError('EACCEPT', `accept failed: ${error.message}`, { cause: error })),
    )
    return toAddr(this.#server.address())
  }

  /** Serves what has connected since bind, and what will. Nothing was read of it. */
  open(serve: (socket: Socket) => void): void {
    this.#serve = serve
    for (const socket of this.#held.splice(0)) if (!socket.destroyed) serve(socket)
  }

  /** Takes over SO_MAX_CONNECTIONS. */
  refresh(): void {
    this.#server.maxConnections = this.#socket.option(SO_MAX_CONNECTIONS) || Number.POSITIVE_INFINITY
  }

  /** Gives the address back; connections that were served stay. */
  close(): void {
    this.#server.close()
    for (const socket of this.#held.splice(0)) socket.destroy()
  }

  #createServer(): Server {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, socket =>
      this.#take(socket),
    )
    server.on('drop', () => this.#socket.log('debug', 'refused a connection: SO_MAX_CONNECTIONS are open'))
    return server
  }

  #take(socket: Socket): void {
    if (this.#serve) {
      this.#serve(socket)
      return
    }
    socket.on('error', () => socket.destroy())
    if (this.#held.length < this.#backlog) this.#held.push(socket)
    else socket.destroy()
  }

  #listenOptions(at: Target): ListenOptions {
    if (at.on !== undefined)
      throw new SocketError(
        'ENOTSUP',
        'an HTTP server takes connections of its own only: bind it to a port or a path',
      )
    const shared = { backlog: this.#backlog, exclusive: true }
    if (at.path !== undefined) return { ...shared, path: at.path }
    const { port, host = '127.0.0.1' } = at
    if (port === undefined || !Number.isInteger(port) || port < 0 || port > 65535)
      throw new SocketError('EBADADDR', `a port is an integer from 0 to 65535, got ${String(port)}`)
    const reusePort = this.#socket.option(SO_REUSEPORT)
    const ipv6Only = this.#socket.option(SO_IPV6ONLY)
    return { ...shared, port, host, reusePort, ipv6Only }
  }

  #listen(options: ListenOptions): Promise<void> {
    const server = this.#server
    this.refresh()
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(options, () => {
        server.off('error', reject)
        resolve()
      })
    })
  }
}

function toAddr(address: AddressInfo | string | null): Addr {
  if (address === null || typeof address === 'string')
    return { address: address ?? '', port: 0, family: 'local' }
  return { address: address.address, port: address.port, family: address.family === 'IPv6' ? 'IPv6' : 'IPv4' }
}
