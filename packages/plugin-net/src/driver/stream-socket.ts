/**
 * A stream mode's fd as the program makes it: a listener or a client, by what is called on it.
 * @module
 */
import type { Socket } from 'node:net'
import {
  type Addr,
  type CloseOptions,
  type Connection,
  clientTlsSettings,
  type Driver,
  isTlsOption,
  libraryFailure,
  OnceATurn,
  type PluginSocket,
  SO_BACKLOG,
  SO_IPV6ONLY,
  SO_MAX_CONNECTIONS,
  SO_READ_WINDOW,
  SO_REUSEPORT,
  SocketError,
  serverTlsSettings,
  type Target,
  tlsFailure,
} from '@unisock/kernel/plugin'
import { dial } from '@unisock/sockets/dial'
import { type Address, Listener, peerAddress, readServerTls, type TimerWheel } from '@unisock/sockets/engine'
import type { MakeFraming } from '../framing/framing.ts'
import { SO_CONNECT } from '../options.ts'
import { StreamConnection, type StreamConnectionOptions } from './stream-connection.ts'

export interface StreamMode {
  framing: MakeFraming
  /** Over TLS. */
  secure: boolean
  /** Looks at the options once they are final. @throws {SocketError} for what cannot be done here. */
  check?(socket: PluginSocket): void
}

export class StreamSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #mode: StreamMode
  readonly #wheel: TimerWheel
  #listener: Listener | undefined
  #client: StreamConnection | undefined
  #connecting: AbortController | undefined
  #connections = 0
  #shared: StreamConnectionOptions | undefined
  #listening = false
  /** What is set in one turn takes effect together: a certificate alone would not fit its key. */
  readonly #certificates = new OnceATurn(() => this.#secure(this.#listener!, 'setOption'))

  constructor(socket: PluginSocket, mode: StreamMode, wheel: TimerWheel) {
    this.#socket = socket
    this.#mode = mode
    this.#wheel = wheel
  }

  /** @throws {SocketError} `EISBOUND`, `EBADADDR`, `EINVAL` naming a TLS option; the system's errors with their own codes. */
  async bind(at: Target): Promise<Addr> {
    if (at.on !== undefined)
      throw new SocketError('ENOTSUP', 'this mode has ports of its own: bind it to a port or a path')
    const socket = this.#socket
    this.#check('bind')
    const listener = new Listener({
      backlog: socket.option(SO_BACKLOG),
      reusePort: socket.option(SO_REUSEPORT),
      ipv6Only: socket.option(SO_IPV6ONLY),
      maxConnections: socket.option(SO_MAX_CONNECTIONS) || undefined,
      readWindow: Math.min(socket.option(SO_READ_WINDOW), READ_AHEAD),
      onError: cause =>
        socket.error(new SocketError('EACCEPT', `accept failed: ${cause.message}`, { cause })),
      onDrop: () => socket.log('debug', 'refused a connection: SO_MAX_CONNECTIONS are open'),
      onHandshakeError: ({ code, message }, peer) =>
        socket.log('debug', 'a TLS handshake failed', { code, message, peer: peer.remoteAddress }),
    })
    try {
      const address = await listener.bind(at)
      this.#listener = listener
      return address
    } catch (error) {
      throw libraryFailure(error, 'bind')
    }
  }

  listen(): void {
    const listener = this.#listener
    if (!listener) throw new SocketError('ENOADDR')
    if (this.#mode.secure) this.#secure(listener, 'listen')
    this.#listening = true
    listener.open(stream => this.#accept(stream))
  }

  /** Connects, from the bound address if there is one. */
  async connect(to: Target): Promise<Addr> {
    this.#check('connect')
    const local = this.#listener?.address
    this.#listener?.close()
    this.#listener = undefined
    this.#connecting = new AbortController()
    const stream = await this.#dial(to, local, this.#connecting.signal)
    if (this.#socket.ended) {
      stream.destroy()
      throw new SocketError('ECANCELED', 'closed while connecting')
    }
    const address = peerAddress(stream, to.path)
    try {
      this.#client = this.#connection(stream, this.#socket, 'client')
    } catch (error) {
      stream.destroy()
      throw error
    }
    return address
  }

  write(data: unknown): boolean {
    if (!this.#client) throw new SocketError('ENOTCONN', 'connect first')
    return this.#client.write(data)
  }

  resume(): void {
    this.#client?.resume()
  }

  end(): void {
    this.#client?.end()
  }

  setOption(option: number, value: unknown): void | Promise<void> {
    if (this.#client) return this.#client.setOption(option, value)
    if (option === SO_MAX_CONNECTIONS && this.#listener)
      this.#listener.maxConnections = (value as number) || undefined
    if (this.#mode.secure && this.#listening && isTlsOption(option)) return this.#certificates.ask()
  }

  query(option: number): unknown {
    if (!this.#client) throw new SocketError('ENOTCONN', 'there is nothing to ask before connect')
    return this.#client.query(option)
  }

  drain(): void {
    this.#listener?.close()
    this.#client?.drain()
  }

  inspect(): unknown {
    return this.#client?.inspect() ?? { address: this.#listener?.address, connections: this.#connections }
  }

  async close(options: CloseOptions): Promise<void> {
    this.#connecting?.abort()
    await Promise.all([this.#listener?.close(), this.#client?.close(options)])
  }

  #check(op: 'bind' | 'connect'): void {
    try {
      this.#mode.check?.(this.#socket)
    } catch (error) {
      throw libraryFailure(error, op)
    }
  }

  async #dial(to: Target, local: Address | undefined, signal: AbortSignal): Promise<Socket> {
    const { readWindow, tls } = {
      readWindow: Math.min(this.#socket.option(SO_READ_WINDOW), READ_AHEAD),
      tls: this.#mode.secure ? clientTlsSettings(this.#socket) : undefined,
    }
    const from = local && local.family !== 'local' && { localAddress: local.address, localPort: local.port }
    try {
      return await dial(to, { ...from, ...this.#socket.option(SO_CONNECT), readWindow, tls, signal })
    } catch (error) {
      throw libraryFailure(tlsFailure(error, 'client'), 'connect')
    }
  }

  #accept(stream: Socket): void {
    const accepted = this.#socket.accept(peerAddress(stream, this.#listener?.address?.address), fd =>
      this.#connection(stream, fd, 'server'),
    )
    if (!accepted) stream.destroy()
  }

  #connection(stream: Socket, fd: Connection, role: 'server' | 'client'): StreamConnection {
    this.#shared ??= {
      role,
      framing: this.#mode.framing,
      wheel: this.#wheel,
      onClose: () => void this.#connections--,
    }
    const connection = new StreamConnection(stream, fd, this.#shared)
    this.#connections++
    return connection
  }

  /** @throws {SocketError} `EINVAL` naming the TLS option that is missing or wrong. */
  #secure(listener: Listener, op: 'listen' | 'setOption'): void {
    try {
      listener.secure(readServerTls(serverTlsSettings(this.#socket)))
    } catch (error) {
      throw tlsFailure(error, 'server', op)
    }
  }
}

/** Bytes that Node reads ahead of the fd's credit. */
const READ_AHEAD = 64 * 1024
