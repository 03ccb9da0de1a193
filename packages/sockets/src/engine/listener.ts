/**
 * The listening socket: takes its address at bind, and holds what connects until it is opened.
 * @module
 */
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import type { Server as TlsServer } from 'node:tls'
import { SocketsError, toSocketsError } from '../errors.ts'
import { beginHandshake, createHandshakes, type ServerTls, useServerTls } from '../tls/server.ts'
import { removeStaleSocket } from './stale-socket.ts'
import { type Address, checkPort, LOOPBACK, type Target, toAddress } from './target.ts'

export interface ListenerOptions {
  /** Connections the system may hold for accept, and at most so many are held between bind and open. @default 511 */
  backlog?: number | undefined
  /** Several listeners share the port. @default false */
  reusePort?: boolean | undefined
  /** A listener on `::` takes no IPv4 connections. @default false */
  ipv6Only?: boolean | undefined
  /** Bytes of a connection that are read ahead. */
  readWindow?: number | undefined
  /** Connections that are open at once; further ones are refused. @default no limit */
  maxConnections?: number | undefined
  /** Accepting failed; the listener goes on. */
  onError?: ((error: SocketsError) => void) | undefined
  /** A connection was refused because {@link maxConnections} are open. */
  onDrop?: (() => void) | undefined
  /** A handshake failed; its connection is closed. With OpenSSL's or the verification's code. */
  onHandshakeError?: ((error: SocketsError, socket: Socket) => void) | undefined
}

const BACKLOG = 511

export class Listener {
  readonly #options: ListenerOptions
  #server: Server
  #tls: TlsServer | undefined
  #certificates: ServerTls | undefined
  #held: Socket[] = []
  /** Sockets whose handshake is under way. */
  readonly #shaking = new Set<Socket>()
  #serve: ((socket: Socket) => void) | undefined
  #address: Address | undefined
  #maxConnections: number | undefined

  constructor(options: ListenerOptions = {}) {
    this.#options = options
    this.#maxConnections = options.maxConnections
    this.#server = this.#createServer()
  }

  /** What was bound. */
  get address(): Address | undefined {
    return this.#address
  }

  /**
   * Takes the address for real: by listening, since not every Node can bind alone, and since two sockets that are only
   * bound would not notice each other. A local socket's file is replaced when nobody answers on it.
   *
   * @throws {SocketsError} `ERR_INVALID_PORT`; the system's errors with their own codes.
   */
  async bind(at: Target): Promise<Address> {
    if (this.#address) throw new SocketsError('ERR_ALREADY_BOUND', undefined, { operation: 'bind' })
    const options = this.#listenOptions(at)
    try {
      await this.#listen(options)
    } catch (error) {
      const { path } = options
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!inUse || path === undefined || !(await removeStaleSocket(path)))
        throw toSocketsError(error, 'bind')
      this.#server = this.#createServer()
      await this.#listen(options)
    }
    this.#server.on('error', error => this.#options.onError?.(toSocketsError(error, 'accept')))
    this.#address = toAddress(this.#server.address())
    return this.#address
  }

  /** Serves what has connected since bind, and what will. Sockets are paused and nothing was read of them. */
  open(serve: (socket: Socket) => void): void {
    this.#serve = serve
    for (const socket of this.#held.splice(0)) if (!socket.destroyed) this.#take(socket)
  }

  set maxConnections(count: number | undefined) {
    this.#maxConnections = count
    this.#server.maxConnections = count ?? Number.POSITIVE_INFINITY
  }

  /**
   * Has connections do a handshake before they are served; called before {@link open}, and again for new certificates,
   * which the next handshakes use.
   */
  secure(tls: ServerTls): void {
    this.#certificates = tls
    if (!this.#tls) {
      this.#tls = this.#createTls()
      return
    }
    useServerTls(this.#tls, tls)
  }

  /** Gives the address back and drops what is not served yet; connections that are served stay. */
  close(): void {
    this.#server.close()
    for (const socket of this.#held.splice(0)) socket.destroy()
    for (const socket of this.#shaking) socket.destroy()
  }

  /** Keeps the process alive while it listens. */
  ref(): void {
    this.#server.ref()
  }

  unref(): void {
    this.#server.unref()
  }

  #createServer(): Server {
    const { readWindow } = this.#options
    const server = createServer(
      {
        allowHalfOpen: true,
        pauseOnConnect: true,
        noDelay: true,
        ...(readWindow !== undefined && { highWaterMark: readWindow }),
      },
      socket => this.#take(socket),
    )
    server.maxConnections = this.#maxConnections ?? Number.POSITIVE_INFINITY
    if (this.#options.onDrop) server.on('drop', this.#options.onDrop)
    return server
  }

  #createTls(): TlsServer {
    return createHandshakes(() => this.#certificates!, {
      onSecure: socket => {
        if (this.#serve) this.#serve(socket)
        else socket.destroy()
      },
      onFailure: (error, socket) => this.#options.onHandshakeError?.(error, socket),
    })
  }

  #take(socket: Socket): void {
    if (this.#serve) {
      if (this.#tls) this.#shake(socket, this.#tls)
      else this.#serve(socket)
      return
    }
    socket.on('error', () => socket.destroy())
    if (this.#held.length < (this.#options.backlog ?? BACKLOG)) this.#held.push(socket)
    else socket.destroy()
  }

  #shake(socket: Socket, tls: TlsServer): void {
    this.#shaking.add(socket)
    socket.once('close', () => this.#shaking.delete(socket))
    beginHandshake(tls, socket)
  }

  #listenOptions(at: Target): ListenOptions {
    const { backlog = BACKLOG, reusePort = false, ipv6Only = false } = this.#options
    const shared = { backlog, exclusive: true }
    if (at.path !== undefined) return { ...shared, path: at.path }
    const port = checkPort(at.port, 'bind')
    return { ...shared, port, host: at.host ?? LOOPBACK, reusePort, ipv6Only }
  }

  #listen(options: ListenOptions): Promise<void> {
    const server = this.#server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(options, () => {
        server.off('error', reject)
        resolve()
      })
    })
  }
}
