/**
 * A socket of a context.
 * @module
 */
import type { Socket as Stream } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type DialOptions, dial } from '../engine/dial.ts'
import type { Target } from '../engine/index.ts'
import { type SocketsError, toSocketsError } from '../errors.ts'
import { IdleTimeouts } from '../timeouts/idle-timeouts.ts'
import type { TimerWheel } from '../timeouts/timer-wheel.ts'
import type { SocketCallbacks } from './callbacks.ts'
import type { LoopState } from './loop-state.ts'
import { Outgoing } from './outgoing.ts'

/** What a socket knows of its context. */
export interface SocketOwner<S> {
  readonly loop: LoopState
  readonly callbacks: SocketCallbacks<S>
  readonly highWaterMark: number
  forget(socket: Socket<S>): void
}

/** Close codes, as uSockets has them. */
export const CLEAN_SHUTDOWN = 0
export const CONNECTION_RESET = 1

/** Seconds in which a closed socket may send what it had taken. */
const LINGER = 5

/** For the context only. */
export const DIAL = Symbol('dial')
export const ADOPT = Symbol('adopt')

export class Socket<S = undefined> implements Disposable {
  /** The program's own data. */
  ext: S
  readonly #owner: SocketOwner<S>
  readonly #outgoing: Outgoing
  #stream: Stream | undefined
  #timeouts: IdleTimeouts | undefined
  #dialing: AbortController | undefined
  #error: SocketsError | undefined
  #isClient = false
  #isOpen = false
  #isClosed = false
  #isReadShutDown = false
  #isPaused = false

  /** By {@link SocketContext.connect}, or by a connection that is accepted. */
  constructor(owner: SocketOwner<S>, ext: S) {
    this.#owner = owner
    this.ext = ext
    this.#outgoing = new Outgoing(owner.highWaterMark, () => this.#notify(owner.callbacks.writable))
    owner.loop.opened()
  }

  /** From `close`, or from the end of the connection, on. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** From {@link shutdown} on. */
  get isShutDown(): boolean {
    return this.#outgoing.isEnded
  }

  /** While the connection stands. */
  get isEstablished(): boolean {
    return this.#isOpen && !this.#isClosed
  }

  /** True for one that was made by `connect`. */
  get isClient(): boolean {
    return this.#isClient
  }

  /** Undefined without a connection, and for local sockets. So are the next ones. */
  get localAddress(): string | undefined {
    return this.#stream?.localAddress
  }

  get localPort(): number | undefined {
    return this.#stream?.localPort
  }

  get remoteAddress(): string | undefined {
    return this.#stream?.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#stream?.remotePort
  }

  /** Bytes that were taken and not sent. */
  get pendingBytes(): number {
    return this.#outgoing.pending
  }

  /**
   * Sends data; returns how many bytes were taken, which is fewer than all above the high-water mark. The rest is the
   * caller's to write again, at `onWritable`. Bytes that were taken must not be changed. A closed socket takes nothing.
   *
   * With `more`, what follows in this turn of the loop may be sent with it; at the latest, then, it is sent.
   */
  write(data: string | Uint8Array, more = false): number {
    if (this.#isClosed) return 0
    this.#timeouts?.touch()
    if (more) this.#outgoing.cork()
    const taken = this.#outgoing.take(typeof data === 'string' ? Buffer.from(data) : data)
    if (!more) this.#outgoing.flush()
    return taken
  }

  /** Sends both with one system call; as {@link write}. */
  write2(header: string | Uint8Array, payload: string | Uint8Array): number {
    const head = typeof header === 'string' ? Buffer.from(header) : header
    const taken = this.write(head, true)
    if (taken < head.length) return taken
    return taken + this.write(payload)
  }

  /** Sends what `more` kept back. */
  flush(): void {
    this.#outgoing.flush()
  }

  /** Sends what was taken and then the end; still receives. */
  shutdown(): void {
    if (!this.#isClosed && !this.isShutDown) this.#outgoing.end()
  }

  /** Receives no more: what still arrives is dropped. The peer's end is still told. */
  shutdownRead(): void {
    this.#isReadShutDown = true
    this.resume()
  }

  /** Stops reading, and with it the peer once the buffers are full. */
  pause(): void {
    this.#isPaused = true
    this.#stream?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#stream?.resume()
  }

  /** Has `onTimeout` called after so many seconds without traffic; 0 for never. @throws {SocketsError} `ERR_OUT_OF_RANGE` */
  setTimeout(seconds: number): void {
    if (!this.#isClosed) this.#ensureTimeouts().setTimeout(seconds)
  }

  /** Has `onLongTimeout` called after so many minutes without traffic. @throws {SocketsError} `ERR_OUT_OF_RANGE` */
  setLongTimeout(minutes: number): void {
    if (!this.#isClosed) this.#ensureTimeouts().setLongTimeout(minutes)
  }

  /**
   * Closes at once for both sides. {@link CLEAN_SHUTDOWN}: what was taken is sent. Any other code: it is dropped, and the
   * peer sees a reset. `onClose` is called, with the code, before this returns, if the socket had opened.
   */
  close(code: number = CLEAN_SHUTDOWN): void {
    if (this.#isClosed) return
    this.#outgoing.flush()
    const stream = this.#stream
    if (stream === undefined) this.#dialing?.abort()
    else if (code === CLEAN_SHUTDOWN) linger(stream, this.#owner.loop.wheel)
    else reset(stream)
    this.#leave(code)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [DIAL](target: Target, options: DialOptions): Promise<void> {
    this.#isClient = true
    this.#dialing = new AbortController()
    try {
      this[ADOPT](await dial(target, { ...options, signal: this.#dialing.signal }))
    } catch (error) {
      this.#fail(error as SocketsError)
    }
  }

  /** Opens it on a connection, of which nothing was read. */
  [ADOPT](stream: Stream): void {
    const { callbacks } = this.#owner
    this.#dialing = undefined
    stream.on('close', () => this.#gone())
    stream.on('error', error => {
      this.#error = toSocketsError(error, 'read')
    })
    this.#stream = stream
    if (this.#isClosed || this.#notify(callbacks.preOpen) === false) {
      this.#isClosed = true
      stream.destroy()
      return
    }
    stream.on('data', (chunk: Buffer) => this.#data(chunk))
    stream.on('end', () => this.#end())
    this.#isOpen = true
    this.#outgoing.open(stream)
    const remoteAddress = stream.remoteAddress ?? ''
    this.#notify(socket => callbacks.open?.(socket, this.#isClient, remoteAddress))
    if (this.#isPaused) stream.pause()
    else stream.resume()
  }

  #data(chunk: Buffer): void {
    if (this.#isClosed || this.#isReadShutDown) return
    this.#timeouts?.touch()
    const { callbacks, loop } = this.#owner
    try {
      callbacks.data?.(this, chunk)
    } catch (error) {
      loop.report(error)
    }
  }

  #end(): void {
    if (this.#isClosed) return
    const { end } = this.#owner.callbacks
    if (end === undefined || this.isShutDown) this.close()
    else this.#notify(end)
  }

  #fail(error: SocketsError): void {
    const { callbacks, loop } = this.#owner
    if (!this.#isClosed) {
      this.#leave(CLEAN_SHUTDOWN)
      if (callbacks.connectError === undefined) loop.report(error)
      else this.#notify(socket => callbacks.connectError?.(socket, error))
    }
    loop.closed()
  }

  /** The connection is no more. */
  #gone(): void {
    if (!this.#isClosed) this.#leave(this.#error ? CONNECTION_RESET : CLEAN_SHUTDOWN)
    this.#owner.forget(this)
    this.#owner.loop.closed()
  }

  #leave(code: number): void {
    const { callbacks } = this.#owner
    this.#isClosed = true
    this.#owner.forget(this)
    this.#timeouts?.[Symbol.dispose]()
    if (this.#isOpen) this.#notify(socket => callbacks.close?.(socket, code, this.#error))
  }

  #notify<R>(callback: ((socket: Socket<S>) => R) | undefined): R | undefined {
    try {
      return callback?.(this)
    } catch (error) {
      this.#owner.loop.report(error)
      return undefined
    }
  }

  #ensureTimeouts(): IdleTimeouts {
    const { loop, callbacks } = this.#owner
    this.#timeouts ??= new IdleTimeouts(
      loop.wheel,
      () => this.#notify(callbacks.timeout),
      () => this.#notify(callbacks.longTimeout),
    )
    return this.#timeouts
  }
}

/** Sends what was taken, for a while, and destroys the stream. */
function linger(stream: Stream, wheel: TimerWheel): void {
  stream.destroySoon()
  if (stream.writableLength === 0) return
  const limit = new IdleTimeouts(
    wheel,
    () => stream.destroy(),
    () => {},
  )
  limit.setTimeout(LINGER)
  stream.once('close', () => limit[Symbol.dispose]())
}

function reset(stream: Stream): void {
  if ((stream as TLSSocket).encrypted || stream.localFamily === undefined) stream.destroy()
  else stream.resetAndDestroy()
}
