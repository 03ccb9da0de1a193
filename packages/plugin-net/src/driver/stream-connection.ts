/**
 * A connected stream: the driver of a connection's fd, and of a client's once it is connected.
 * @module
 */
import type { Socket } from 'node:net'
import {
  type CloseOptions,
  type Connection,
  type Driver,
  libraryFailure,
  type Option,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_NODELAY,
  SocketError,
  TLS_SESSION,
} from '@unisock/kernel/plugin'
import { IdleTimeouts, type TimerWheel, tlsSession } from '@unisock/sockets/engine'
import type { Framing, MakeFraming, Pipe } from '../framing/framing.ts'
import { SO_LONG_TIMEOUT, SO_TIMEOUT } from '../options.ts'
import { own, type SocketEvents } from './socket-events.ts'

/** What the connections of one fd share. */
export interface StreamConnectionOptions {
  role: 'server' | 'client'
  framing: MakeFraming
  wheel: TimerWheel
  /** One of them has ended. */
  onClose(): void
}

export class StreamConnection implements Driver, Pipe, SocketEvents {
  readonly fd: Connection
  readonly #options: StreamConnectionOptions
  readonly #socket: Socket
  readonly #framing: Framing
  /** Made for the first timeout that is set. */
  #idle: IdleTimeouts | undefined
  #error: unknown
  /** Settles when the framing has given out what it held at the peer's end. */
  #ended: Promise<void> | undefined
  /** The program has closed the fd, or sends no more. */
  #finishing: Promise<void> | undefined

  constructor(socket: Socket, fd: Connection, options: StreamConnectionOptions) {
    this.#socket = socket
    this.fd = fd
    this.#options = options
    this.#framing = options.framing(this)
    if (this.option(SO_KEEPALIVE)) socket.setKeepAlive(true)
    if (!this.option(SO_NODELAY)) socket.setNoDelay(false)
    this.#setTimeout(SO_TIMEOUT, this.option(SO_TIMEOUT))
    this.#setTimeout(SO_LONG_TIMEOUT, this.option(SO_LONG_TIMEOUT))
    own(socket, this)
    socket.resume()
  }

  received(chunk: Buffer): void {
    this.#idle?.touch()
    if (!this.#framing.receive(chunk)) this.#socket.pause()
  }

  drained(): void {
    if (this.#framing.empty !== false) this.fd.drained()
  }

  peerEnded(): void {
    const given = this.#framing.end?.()
    if (!(given instanceof Promise)) return this.fd.end()
    this.#ended = given
    void given.then(() => this.fd.end())
  }

  failed(error: Error): void {
    this.#error ??= error
  }

  gone(): void {
    this.#idle?.[Symbol.dispose]()
    this.#closed()
    this.#options.onClose()
  }

  get role(): 'server' | 'client' {
    return this.#options.role
  }

  option<T>(option: Option<T, any>): T {
    return this.fd.option(option)
  }

  send(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    this.#idle?.touch()
    return this.#socket.write(data, encoding)
  }

  read(): void {
    this.#socket.resume()
  }

  get full(): boolean {
    return this.#socket.writableNeedDrain
  }

  fail(error: unknown): void {
    this.#error ??= error
    this.#socket.destroy()
  }

  write(data: unknown): boolean {
    return this.#framing.write(data)
  }

  resume(): void {
    if (this.#framing.resume?.() !== false) this.#socket.resume()
  }

  /** The program sends no more. */
  end(): void {
    void this.#finish()
  }

  setOption(option: number, value: any): void {
    if (option === SO_NODELAY) this.#socket.setNoDelay(value)
    if (option === SO_KEEPALIVE) this.#socket.setKeepAlive(value)
    if (option === SO_TIMEOUT || option === SO_LONG_TIMEOUT) this.#setTimeout(option, value)
  }

  query(option: number): unknown {
    return option === TLS_SESSION
      ? (tlsSession(this.#socket) ?? null)
      : this.option(option as Option<unknown>)
  }

  /** Sends what is queued and ends; the peer's answer is its own end. */
  drain(): void {
    void this.#finish()
  }

  inspect(): unknown {
    const { bytesRead, bytesWritten, writableLength } = this.#socket
    return { bytesRead, bytesWritten, queued: writableLength }
  }

  async close({ abort = false }: CloseOptions): Promise<void> {
    const socket = this.#socket
    if (socket.closed) return
    const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
    if (abort) socket.destroy()
    else {
      const deadline = setTimeout(() => socket.destroy(), this.option(SO_LINGER) * 1000)
      void closed.then(() => clearTimeout(deadline))
      // What still arrives is thrown away: a socket closed with unread data is reset, which may overtake what was sent.
      socket.removeAllListeners('data').resume()
      void this.#finish()
    }
    await closed
  }

  #finish(): Promise<void> {
    this.#finishing ??= Promise.resolve(this.#framing.finish?.()).then(() => {
      this.#socket.end()
    })
    return this.#finishing
  }

  #closed(): void {
    const error = this.#error === undefined ? undefined : libraryFailure(this.#error)
    const over = (): void => {
      this.#framing.destroy?.()
      this.fd.close(error)
    }
    if (this.#ended && !error) void this.#ended.then(over)
    else over()
  }

  #setTimeout(option: number, value: number): void {
    if (value === 0 && this.#idle === undefined) return
    this.#idle ??= new IdleTimeouts(
      this.#options.wheel,
      () => this.fail(timedOut('SO_TIMEOUT')),
      () => this.fail(timedOut('SO_LONG_TIMEOUT')),
    )
    if (option === SO_TIMEOUT) this.#idle.setTimeout(value)
    else this.#idle.setLongTimeout(value)
  }
}

function timedOut(option: string): SocketError {
  return new SocketError('ETIMEDOUT', `no traffic for as long as ${option} allows`)
}
