/**
 * A listening stream socket by promise.
 * @module
 */
import type { Socket } from 'node:net'
import { Listener, type ListenerOptions } from '../engine/listener.ts'
import type { Target } from '../engine/target.ts'
import { SocketsError } from '../errors.ts'
import { readServerTls, type TlsServerOptions } from '../tls/server.ts'
import { type SocketName, sockName } from './names.ts'
import { TcpSocket } from './tcp-socket.ts'

export interface ListenOptions extends ListenerOptions {
  /** Connections speak TLS; `accept` gives them once their handshake is done. */
  tls?: TlsServerOptions | undefined
}

const BACKLOG = 511

export class TcpServer implements AsyncDisposable {
  readonly #listener: Listener
  readonly #backlog: number
  /** Connections nobody has asked for yet. */
  readonly #ready: Socket[] = []
  readonly #waiting: { resolve(socket: TcpSocket): void; reject(error: Error): void }[] = []
  #closed = false

  /** Binds and listens. See {@link Listener.bind} for the errors. */
  static async listen(at: Target, options: ListenOptions = {}): Promise<TcpServer> {
    const listener = new Listener(options)
    const server = new TcpServer(listener, options)
    await listener.bind(at)
    return server
  }

  /** A server on a listener that is bound, or about to be. */
  constructor(listener: Listener, { backlog = BACKLOG, tls }: Pick<ListenOptions, 'backlog' | 'tls'> = {}) {
    this.#listener = listener
    this.#backlog = backlog
    if (tls) listener.secure(readServerTls(tls))
    listener.open(socket => this.#take(socket))
  }

  get isOpen(): boolean {
    return !this.#closed
  }

  /**
   * The next connection. With a function: calls it for each connection, without waiting for what it returns, and
   * resolves when the server is closed. What it throws closes that connection, and rejects.
   */
  accept(): Promise<TcpSocket>
  accept(serve: (socket: TcpSocket) => void | Promise<void>): Promise<void>
  accept(serve?: (socket: TcpSocket) => void | Promise<void>): Promise<TcpSocket> | Promise<void> {
    return serve ? this.#acceptAll(serve) : this.#acceptOne()
  }

  /** Connections as they come, until the server is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TcpSocket> {
    while (!this.#closed) {
      try {
        yield await this.#acceptOne()
      } catch (error) {
        if (this.#closed) return
        throw error
      }
    }
  }

  getSockName(): SocketName {
    return sockName(this.#listener.address!)
  }

  /** New certificates for the next handshakes. @throws {TlsOptionError} */
  secure(tls: TlsServerOptions): void {
    this.#listener.secure(readServerTls(tls))
  }

  /** Gives the address back. Connections that were accepted stay open. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listener.close()
    for (const socket of this.#ready.splice(0)) socket.destroy()
    for (const { reject } of this.#waiting.splice(0)) reject(closed())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** Lets the process end while the server listens. */
  unref(): this {
    this.#listener.unref()
    return this
  }

  ref(): this {
    this.#listener.ref()
    return this
  }

  #acceptOne(): Promise<TcpSocket> {
    for (let socket = this.#ready.shift(); socket; socket = this.#ready.shift())
      if (!socket.destroyed) return Promise.resolve(new TcpSocket(socket))
    if (this.#closed) return Promise.reject(closed())
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async #acceptAll(serve: (socket: TcpSocket) => void | Promise<void>): Promise<void> {
    const { promise: failed, reject } = Promise.withResolvers<never>()
    failed.catch(() => {})
    const serveOne = async (socket: TcpSocket): Promise<void> => {
      try {
        await serve(socket)
      } catch (error) {
        await socket.close({ abort: true })
        reject(error)
      }
    }
    const connections = this[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([connections.next(), failed])
      if (next.done) return
      void serveOne(next.value)
    }
  }

  #take(socket: Socket): void {
    const waiting = this.#waiting.shift()
    if (waiting) return waiting.resolve(new TcpSocket(socket))
    if (this.#ready.length >= this.#backlog) {
      socket.destroy()
      return
    }
    socket.on('error', () => socket.destroy())
    this.#ready.push(socket)
  }
}

function closed(): SocketsError {
  return new SocketsError('ERR_SOCKET_CLOSED', 'the server is closed', { operation: 'accept' })
}
