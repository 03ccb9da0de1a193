/**
 * A stream socket by promise: TCP, TLS over it, or a local socket.
 * @module
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { isExpectedBindFailure } from '../engine/bind-failure.ts'
import { type DialOptions, dial } from '../engine/dial.ts'
import { Listener, type ListenerOptions } from '../engine/listener.ts'
import { LOOPBACK, type Target } from '../engine/target.ts'
import { SocketsError, toSocketsError } from '../errors.ts'
import { type TlsSession, tlsSession } from '../tls/session.ts'
import { ByteReader, type ReadOptions, type ReadUntilOptions } from './byte-reader.ts'
import { peerName, type SocketName, sockName } from './names.ts'
import { prepareUpgrade, type TlsUpgradeOptions } from './upgrade.ts'
import { toWebStreams, type WebStreams } from './web-streams.ts'

const EMPTY = new Uint8Array(0)

/** How {@link TcpSocket.close} ends. */
export interface CloseSocketOptions {
  /** Drops what is not written yet; the peer sees a reset. */
  abort?: boolean | undefined
}

/**
 * A stream socket. `connect` and a server's `accept` give connected ones; one made by `new` is bound, connected or
 * turned into a server by its own methods.
 */
export class TcpSocket implements AsyncDisposable {
  #stream: Socket | undefined
  #reader: ByteReader | undefined
  #listener: Listener | undefined
  /** The name or address this end connected to, which a server's certificate must be for. */
  #host: string | undefined
  #failure: Error | undefined
  #closed = false

  constructor(stream?: Socket) {
    if (stream) this.#adopt(stream)
  }

  /**
   * Takes a local address before connecting or listening. False: it is in use, denied, or no address of this machine.
   *
   * @throws {SocketsError} for every other failure; `ERR_ALREADY_BOUND`.
   */
  async bind(
    at: Target,
    options: Pick<ListenerOptions, 'backlog' | 'ipv6Only' | 'reusePort'> = {},
  ): Promise<boolean> {
    if (this.#listener || this.#stream)
      throw new SocketsError('ERR_ALREADY_BOUND', undefined, { operation: 'bind' })
    const listener = new Listener(options)
    try {
      await listener.bind(at)
    } catch (error) {
      if (isExpectedBindFailure(error)) return false
      throw error
    }
    this.#listener = listener
    return true
  }

  /** Connects, from the bound address if there is one. See {@link dial} for the errors. */
  async connect(to: Target, options: DialOptions = {}): Promise<this> {
    if (this.#closed) throw new SocketsError('ERR_SOCKET_CLOSED', undefined, { operation: 'connect' })
    if (this.#stream) throw new SocketsError('ERR_ALREADY_CONNECTED', undefined, { operation: 'connect' })
    const bound = this.releaseListener()
    const local = bound?.address
    bound?.close()
    const from = local && local.family !== 'local' && { localAddress: local.address, localPort: local.port }
    this.#adopt(await dial(to, { ...from, ...options }))
    this.#host = to.path === undefined ? (to.host ?? LOOPBACK) : undefined
    return this
  }

  /** Gives the bound listener away: to a server, or to be closed. */
  releaseListener(): Listener | undefined {
    const listener = this.#listener
    this.#listener = undefined
    return listener
  }

  /** True until either side has closed the socket, or its end was read. */
  get isOpen(): boolean {
    return this.#stream !== undefined && !this.#stream.destroyed && !this.#stream.readableEnded
  }

  /** True while data can be written. */
  get isWritable(): boolean {
    return this.#stream?.writable === true
  }

  /** True over TLS. */
  get isEncrypted(): boolean {
    return (this.#stream as Partial<TLSSocket> | undefined)?.encrypted === true
  }

  /** What the TLS handshake agreed on, and the peer's certificate; undefined over plain TCP. */
  get tlsSession(): TlsSession | undefined {
    return this.#stream && tlsSession(this.#stream)
  }

  /** Bytes that can be read without waiting. */
  get bytesAvailable(): number {
    return this.#reader?.available ?? 0
  }

  /** Up to `size` bytes, waiting for all of them or the end; without `size`, everything up to the end. */
  async read(size?: number, options?: ReadOptions): Promise<Buffer> {
    const reader = this.#readable('read')
    return size === undefined ? reader.readAll(options) : reader.read(size, options)
  }

  /** @throws {SocketsError} `ERR_UNEXPECTED_EOF` when the end comes first; what was there can still be read. */
  async readExactly(size: number, options?: ReadOptions): Promise<Buffer> {
    return this.#readable('readExactly').readExactly(size, options)
  }

  /** What has arrived, waiting for at least one byte; empty at the end. */
  async readAvailable(options?: ReadOptions): Promise<Buffer> {
    return this.#readable('readAvailable').readAvailable(options)
  }

  /** Up to and with a delimiter, or up to the end. @throws {SocketsError} `ERR_TOO_LONG` */
  async readUntil(delimiter: string | number | Uint8Array, options: ReadUntilOptions = {}): Promise<Buffer> {
    const bytes = typeof delimiter === 'number' ? Uint8Array.of(delimiter) : Buffer.from(delimiter as string)
    return this.#readable('readUntil').readUntil(bytes, options)
  }

  /** The next bytes without taking them. */
  async peek(size = 1, options?: ReadOptions): Promise<Buffer> {
    return this.#readable('peek').peek(size, options)
  }

  /** Waits for data or the end; true at the end. */
  async eof(options?: ReadOptions): Promise<boolean> {
    return (await this.peek(1, options)).length === 0
  }

  /** Reads over bytes; resolves with how many there were. */
  async skip(count: number, options?: ReadOptions): Promise<number> {
    return this.#readable('skip').skip(count, options)
  }

  /** Chunks as they arrive, up to the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (let chunk = await this.readAvailable(); chunk.length > 0; chunk = await this.readAvailable())
      yield chunk
  }

  /** Resolves when there is room for more. */
  async write(data: string | Uint8Array): Promise<void> {
    const stream = this.#writable('write')
    if (stream.write(data)) return
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        stream.off('drain', settle).off('close', settle)
        if (stream.destroyed && stream.writableLength > 0) reject(this.#gone('write'))
        else resolve()
      }
      stream.on('drain', settle).on('close', settle)
    })
  }

  /** Resolves when everything written was handed to the system. */
  async flush(): Promise<void> {
    const stream = this.#writable('flush')
    if (stream.writableLength === 0) return
    return new Promise((resolve, reject) => {
      stream.write(EMPTY, error => (error ? reject(this.#gone('flush')) : resolve()))
    })
  }

  /** Sends what is written, and the end; the peer may go on sending. */
  async closeWrite(): Promise<void> {
    const stream = this.#connected('closeWrite')
    if (stream.writableFinished) return
    if (stream.destroyed) throw this.#gone('closeWrite')
    return new Promise((resolve, reject) => {
      stream.once('finish', resolve).once('close', () => reject(this.#gone('closeWrite')))
      stream.end()
    })
  }

  /** Writes what is queued and closes. Resolves when the socket is gone. */
  close({ abort = false }: CloseSocketOptions = {}): Promise<void> {
    this.#closed = true
    this.releaseListener()?.close()
    const stream = this.#stream
    if (!stream || stream.closed) return Promise.resolve()
    return new Promise(resolve => {
      stream.once('close', () => resolve())
      if (!abort) stream.destroySoon()
      else if (this.isEncrypted || stream.localFamily === undefined) stream.destroy()
      else stream.resetAndDestroy()
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The local end: an address and port, or the path of a local socket. */
  getSockName(): SocketName {
    const bound = this.#listener?.address
    return sockName(bound ?? this.#connected('getSockName'))
  }

  /** The peer's end. */
  getPeerName(): SocketName {
    return peerName(this.#connected('getPeerName'))
  }

  /**
   * Turns the connection into TLS, from here on. As a server with `isServer`.
   *
   * @throws {TlsOptionError} and the connection stays as it was.
   * @throws {SocketsError} the errors of {@link clientHandshake}; the socket is closed then.
   */
  async tlsUpgrade(options: TlsUpgradeOptions = {}): Promise<void> {
    const stream = this.#connected('tlsUpgrade')
    if (this.isEncrypted)
      throw new SocketsError('ERR_ALREADY_CONNECTED', 'the socket speaks TLS already', {
        operation: 'tlsUpgrade',
      })
    const handshake = prepareUpgrade(stream, this.#host, options)
    this.#detach()
    try {
      this.#adopt(await handshake())
    } catch (error) {
      this.#failure = toSocketsError(error, 'tlsUpgrade')
      throw this.#failure
    }
  }

  /** The socket as a Node stream, which it belongs to from then on. */
  asDuplex(): Duplex {
    return this.#giveAway('asDuplex')
  }

  /** The socket as a pair of web streams, which it belongs to from then on. */
  asWebStreams(): WebStreams {
    return toWebStreams(new TcpSocket(this.#giveAway('asWebStreams')))
  }

  /** Lets the process end while the socket is open. */
  unref(): this {
    this.#stream?.unref()
    return this
  }

  ref(): this {
    this.#stream?.ref()
    return this
  }

  #adopt(stream: Socket): void {
    this.#stream = stream
    this.#reader = new ByteReader(stream, () => this.#failure)
    stream.on('error', this.#fail)
  }

  readonly #fail = (error: NodeJS.ErrnoException): void => {
    this.#failure = toSocketsError(error, error.syscall ?? 'read')
  }

  #giveAway(operation: string): Socket {
    const stream = this.#connected(operation)
    this.#detach()
    stream.off('error', this.#fail)
    return stream
  }

  #detach(): void {
    this.#reader?.detach()
    this.#reader = undefined
    this.#stream = undefined
  }

  #readable(operation: string): ByteReader {
    this.#connected(operation)
    return this.#reader!
  }

  #writable(operation: string): Socket {
    const stream = this.#connected(operation)
    if (!stream.writable) throw this.#gone(operation)
    return stream
  }

  #connected(operation: string): Socket {
    if (this.#stream) return this.#stream
    throw (
      this.#failure ??
      new SocketsError(this.#closed ? 'ERR_SOCKET_CLOSED' : 'ERR_NOT_CONNECTED', undefined, { operation })
    )
  }

  #gone(operation: string): Error {
    return this.#failure ?? new SocketsError('ERR_SOCKET_CLOSED', undefined, { operation })
  }
}
