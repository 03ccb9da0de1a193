/**
 * Sockets that share callbacks and settings, listening and connecting.
 * @module
 */
import { isIP } from 'node:net'
import type { DialOptions } from '../engine/dial.ts'
import {
  checkPort,
  Listener,
  type ListenerOptions,
  readServerTls,
  type ServerTls,
  type Target,
  type TlsContext,
} from '../engine/index.ts'
import { SocketsError } from '../errors.ts'
import { SocketCallbacks } from './callbacks.ts'
import type { ContextSettings } from './context-options.ts'
import { ListenSocket } from './listen-socket.ts'
import type { LoopState } from './loop-state.ts'
import { ADOPT, DIAL, Socket, type SocketOwner } from './socket.ts'

export interface ContextListenOptions
  extends Pick<ListenerOptions, 'backlog' | 'reusePort' | 'ipv6Only' | 'maxConnections'> {}

export interface ContextConnectOptions extends Pick<DialOptions, 'timeout' | 'family' | 'keepAlive'> {
  /** The name the server's certificate must be for. @default the host */
  serverName?: string | undefined
}

/**
 * Made by {@link Loop.createSocketContext}. Each `on…` sets the callback of one event, for all sockets of the context,
 * those that are open included.
 */
export class SocketContext<Ssl extends boolean = false, S = undefined> implements Disposable {
  readonly #loop: LoopState
  readonly #settings: ContextSettings<S>
  readonly #callbacks = new SocketCallbacks<S>()
  readonly #members = new Set<Disposable>()
  readonly #owner: SocketOwner<S>
  #closed = false

  constructor(loop: LoopState, settings: ContextSettings<S>) {
    this.#loop = loop
    this.#settings = settings
    this.#owner = {
      loop,
      callbacks: this.#callbacks,
      highWaterMark: settings.highWaterMark,
      forget: member => this.#members.delete(member),
    }
    loop.resources.add(this)
  }

  /** The certificates of a TLS context, as another one's `onServerName` takes them. */
  get tls(): Ssl extends true ? TlsContext : TlsContext | undefined {
    return this.#settings.tls as TlsContext
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Sockets and listening sockets. */
  get size(): number {
    return this.#members.size
  }

  /** Before `onOpen`, over TLS once the handshake is done; `false` refuses the connection. */
  onPreOpen(callback: (socket: Socket<S>) => boolean | undefined): this {
    this.#callbacks.preOpen = callback
    return this
  }

  /** A connection stands: one that was accepted, or one that was made. */
  onOpen(callback: (socket: Socket<S>, isClient: boolean, remoteAddress: string) => void): this {
    this.#callbacks.open = callback
    return this
  }

  /** An open socket was closed, by whom ever: with the code given to `close`, or {@link CONNECTION_RESET} and why. */
  onClose(callback: (socket: Socket<S>, code: number, error: SocketsError | undefined) => void): this {
    this.#callbacks.close = callback
    return this
  }

  /** Data arrived; it is the callback's to keep. */
  onData(callback: (socket: Socket<S>, data: Buffer) => void): this {
    this.#callbacks.data = callback
    return this
  }

  /** All was sent, after a write that was not taken whole. */
  onWritable(callback: (socket: Socket<S>) => void): this {
    this.#callbacks.writable = callback
    return this
  }

  /** Nothing was received or written for as long as {@link Socket.setTimeout} says. The socket stays open. */
  onTimeout(callback: (socket: Socket<S>) => void): this {
    this.#callbacks.timeout = callback
    return this
  }

  /** As {@link onTimeout}, for {@link Socket.setLongTimeout}. */
  onLongTimeout(callback: (socket: Socket<S>) => void): this {
    this.#callbacks.longTimeout = callback
    return this
  }

  /** No connection came about. */
  onConnectError(callback: (socket: Socket<S>, error: SocketsError) => void): this {
    this.#callbacks.connectError = callback
    return this
  }

  /** The peer writes no more. Without this callback the socket is closed then. */
  onEnd(callback: (socket: Socket<S>) => void): this {
    this.#callbacks.end = callback
    return this
  }

  /** Chooses the certificates for the name a TLS client sent (RFC 6066 section 3); undefined: the context's own. */
  onServerName(callback: (name: string) => TlsContext | undefined | Promise<TlsContext | undefined>): this {
    this.#callbacks.serverName = callback
    return this
  }

  /**
   * Listens on a host and port, or on a local path.
   *
   * @throws {SocketsError} `ERR_INVALID_HOST`, `ERR_INVALID_PORT`, `ERR_SOCKET_CLOSED`; `ERR_TLS_OPTION` for TLS without a
   * certificate; the system's errors with their own codes.
   */
  listen(host: string, port: number, options?: ContextListenOptions): Promise<ListenSocket>
  listen(target: Target, options?: ContextListenOptions): Promise<ListenSocket>
  async listen(
    at: string | Target,
    portOrOptions?: number | ContextListenOptions,
    more?: ContextListenOptions,
  ): Promise<ListenSocket> {
    const target = typeof at === 'string' ? { host: at, port: portOrOptions as number } : at
    const options = typeof portOrOptions === 'object' ? portOrOptions : more
    this.#check('listen')
    checkHost(target, 'listen')
    const listener = new Listener({ ...options, onError: error => this.#loop.report(error) })
    const { tls } = this.#settings
    if (tls) listener.secure(this.#serverTls(tls))
    const listening = new ListenSocket(listener, await listener.bind(target), member => {
      this.#members.delete(member)
      this.#loop.closed()
    })
    this.#loop.opened()
    this.#members.add(listening)
    if (this.#closed) listening.close()
    else listener.open(stream => this.#createSocket()[ADOPT](stream))
    return listening
  }

  /**
   * Connects, by default from any local address. The socket is there at once and may be written to; what it takes is sent
   * when the connection stands. Whether it comes about is for `onOpen` or `onConnectError`.
   *
   * @throws {SocketsError} `ERR_INVALID_HOST`, `ERR_INVALID_SOURCE_HOST`, `ERR_INVALID_PORT`, `ERR_SOCKET_CLOSED`
   */
  connect(host: string, port: number, sourceHost?: string, options?: ContextConnectOptions): Socket<S>
  connect(target: Target, options?: ContextConnectOptions): Socket<S>
  connect(
    to: string | Target,
    portOrOptions?: number | ContextConnectOptions,
    sourceHost?: string,
    more?: ContextConnectOptions,
  ): Socket<S> {
    const target = typeof to === 'string' ? { host: to, port: portOrOptions as number } : to
    const options = typeof portOrOptions === 'object' ? portOrOptions : more
    this.#check('connect')
    checkHost(target, 'connect')
    if (target.path === undefined) checkPort(target.port, 'connect')
    if (sourceHost !== undefined && isIP(sourceHost) === 0)
      throw new SocketsError('ERR_INVALID_SOURCE_HOST', undefined, { operation: 'connect' })
    const { serverName, ...dialing } = options ?? {}
    const { tls, insecure } = this.#settings
    const socket = this.#createSocket()
    const handshake = tls && { tls: { context: tls, insecure, serverName } }
    void socket[DIAL](target, { ...dialing, ...handshake, localAddress: sourceHost })
    return socket
  }

  /** Closes its sockets and listening sockets. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#loop.resources.delete(this)
    for (const member of [...this.#members]) member[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #check(operation: string): void {
    if (this.#closed)
      throw new SocketsError('ERR_SOCKET_CLOSED', 'The socket context is closed', { operation })
  }

  #createSocket(): Socket<S> {
    const { ext } = this.#settings
    const socket = new Socket<S>(this.#owner, ext === undefined ? (undefined as S) : ext())
    this.#members.add(socket)
    return socket
  }

  #serverTls(context: TlsContext): ServerTls {
    if (context.options.cert === undefined)
      throw new SocketsError('ERR_TLS_OPTION', 'certFile: must be set, a server needs a certificate', {
        operation: 'listen',
      })
    return readServerTls({
      context,
      requestCert: this.#settings.requestCert,
      onServerName: name => this.#callbacks.serverName?.(name),
    })
  }
}

function checkHost({ host, path }: Target, operation: string): void {
  if (path === undefined && (host === '' || host?.includes('\0')))
    throw new SocketsError('ERR_INVALID_HOST', `not a host: ${JSON.stringify(host)}`, { operation })
}
