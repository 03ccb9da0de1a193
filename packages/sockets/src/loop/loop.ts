/**
 * The loop: what keeps a thread at work on its sockets and timers, and runs functions for other threads.
 *
 * Node's own loop turns beneath it, so that sockets and timers work from when they are made; `run` is for waiting until
 * all of it is over, and for deferred functions.
 * @module
 */
import { randomUUID } from 'node:crypto'
import { threadId } from 'node:worker_threads'
import { SocketsError, type SocketsErrorCode } from '../errors.ts'
import type { TimerWheel } from '../timeouts/timer-wheel.ts'
import { readContextOptions, type SocketContextOptions } from './context-options.ts'
import { DeferredFunctions } from './deferred.ts'
import { LoopHandle, ownLoops } from './loop-handle.ts'
import { LoopState } from './loop-state.ts'
import { SocketContext } from './socket-context.ts'
import { Timer } from './timer.ts'

export interface LoopOptions<T> {
  /** The program's own data. */
  ext?: T
  /** Gets what callbacks throw and what has no caller. Without it that is thrown, uncaught, as Node does. */
  onError?: ((error: unknown, loop: Loop<T>) => void) | undefined
  /** Bytes of deferred functions that may wait. @default 16777216 */
  maxDeferredBytes?: number | undefined
}

export interface RunOptions {
  /** Goes on when nothing is open: other threads may still defer something. @default false */
  untilStopped?: boolean | undefined
}

const DEFERRED_BYTES = 2 ** 24
/** The longest interval Node has: it only keeps the thread alive. */
const HOLD_MS = 2 ** 31 - 1

export class Loop<T = undefined> implements Disposable, AsyncDisposable {
  /** The program's own data. */
  ext: T
  readonly #state: LoopState
  readonly #deferred: DeferredFunctions<Loop<T>>
  readonly #running = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  readonly #handle: LoopHandle<T>
  #finish: (() => void) | undefined
  #disposed = false

  /** @throws {SocketsError} `ERR_LOOP_CREATION` */
  constructor(options: LoopOptions<T> = {}) {
    const { onError, maxDeferredBytes = DEFERRED_BYTES } = options
    const report = (error: unknown): void => {
      if (onError === undefined) return throwUncaught(error)
      try {
        onError(error, this)
      } catch (thrown) {
        throwUncaught(thrown)
      }
    }
    this.ext = options.ext as T
    this.#state = new LoopState(report)
    try {
      this.#deferred = new DeferredFunctions<Loop<T>>(this, maxDeferredBytes, report)
    } catch (cause) {
      throw new SocketsError('ERR_LOOP_CREATION', (cause as Error).message, { cause })
    }
    this.#handle = LoopHandle.from<T>({
      id: randomUUID(),
      threadId,
      running: this.#running.buffer,
      queue: this.#deferred.queue.descriptor,
    })
    ownLoops.set(this.#handle.descriptor.id, this.#deferred)
  }

  /** For other threads, and for telling whether the loop runs. */
  handle(): LoopHandle<T> {
    return this.#handle
  }

  /** True until the loop is disposed of. */
  isValid(): boolean {
    return !this.#disposed
  }

  /** Sockets, listening sockets and armed timers. */
  get open(): number {
    return this.#state.open
  }

  /** What the sockets' timeouts go by; other things may time out on it. */
  get wheel(): TimerWheel {
    return this.#state.wheel
  }

  /** @throws {SocketsError} `ERR_TIMER_CREATION` once the loop was disposed of. */
  createTimer(): Timer
  createTimer<E>(ext: E): Timer<E>
  createTimer<E>(ext?: E): Timer<E | undefined> {
    this.#check('ERR_TIMER_CREATION', 'createTimer')
    return new Timer(this.#state, ext)
  }

  /**
   * Sockets that share callbacks and settings; `Ssl` when `options.ssl` is true, `S` the data of each socket.
   *
   * @throws {SocketsError} `ERR_SOCKET_CONTEXT_CREATION` for options that do not fit, with the reason as its cause;
   * `ERR_INVALID_STRING_CONVERSION` for a file name with a NUL.
   */
  createSocketContext<Ssl extends boolean = false, S = undefined>(
    options: SocketContextOptions<Ssl, S> = {},
  ): SocketContext<Ssl, S> {
    this.#check('ERR_SOCKET_CONTEXT_CREATION', 'createSocketContext')
    return new SocketContext<Ssl, S>(this.#state, readContextOptions(options))
  }

  /** Makes a function known to {@link LoopHandle.defer}, instead of the one that had the name; returns the undo. */
  register(name: string, callback: (loop: Loop<T>, data: any) => void): () => void {
    this.#check('ERR_LOOP_NOT_RUNNING', 'register')
    return this.#deferred.register(name, callback)
  }

  /** As {@link LoopHandle.defer}. */
  defer(name: string, data?: unknown): void
  defer(callback: (loop: Loop<T>) => void): void
  defer(what: any, data?: unknown): void {
    this.#handle.defer(what, data)
  }

  /**
   * Runs deferred functions and keeps the thread alive, until {@link stop} or until nothing is open and nothing is
   * deferred.
   *
   * @throws {SocketsError} `ERR_LOOP_ALREADY_RUNNING`; `ERR_LOOP_NOT_RUNNING` once it was disposed of.
   */
  async run(options: RunOptions = {}): Promise<void> {
    await this.#hold(options, true)
  }

  /** As {@link run} without deferred functions: they wait for the next `run`. */
  async runSimple(options: RunOptions = {}): Promise<void> {
    await this.#hold(options, false)
  }

  /** Ends `run`. What is open stays open. */
  stop(): void {
    this.#finish?.()
  }

  /** Stops it and closes its sockets, contexts and timers. */
  [Symbol.dispose](): void {
    this.#disposed = true
    this.stop()
    this.#deferred.close()
    ownLoops.delete(this.#handle.descriptor.id)
    for (const resource of [...this.#state.resources]) resource[Symbol.dispose]()
  }

  /** As `Symbol.dispose`; resolves when all of it is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>(resolve => {
      this[Symbol.dispose]()
      if (this.#state.open === 0) resolve()
      else this.#state.onIdle = resolve
    })
    await closed
  }

  #hold(options: RunOptions, deferred: boolean): Promise<void> {
    this.#check('ERR_LOOP_NOT_RUNNING', 'run')
    if (this.#finish) throw new SocketsError('ERR_LOOP_ALREADY_RUNNING', undefined, { operation: 'run' })
    const state = this.#state
    const { promise, resolve } = Promise.withResolvers<void>()
    const finish = (): void => {
      this.#finish = undefined
      Atomics.store(this.#running, 0, 0)
      state.onIdle = () => {}
      stopDeferred()
      clearInterval(hold)
      resolve()
    }
    const finishIfIdle = (): void => {
      if (this.#finish !== finish || options.untilStopped || state.open > 0) return
      if (!deferred || this.#deferred.queue.empty) finish()
    }
    const hold = setInterval(() => {}, HOLD_MS)
    const stopDeferred = deferred ? this.#deferred.start(finishIfIdle) : () => {}
    state.onIdle = () => setImmediate(finishIfIdle)
    this.#finish = finish
    Atomics.store(this.#running, 0, 1)
    setImmediate(finishIfIdle)
    return promise
  }

  #check(code: SocketsErrorCode, operation: string): void {
    if (this.#disposed) throw new SocketsError(code, 'The loop was disposed of', { operation })
  }
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
