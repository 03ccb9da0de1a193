/**
 * A loop's timers.
 * @module
 */
import { SocketsError } from '../errors.ts'
import type { LoopState } from './loop-state.ts'

/** What Node's timers take. */
const LONGEST_MS = 2 ** 31 - 1

export class Timer<T = undefined> implements Disposable {
  /** The program's own data. */
  ext: T
  #loop: LoopState | undefined
  #callback: ((timer: Timer<T>) => void) | undefined
  #handle: NodeJS.Timeout | undefined

  /** By {@link Loop.createTimer}. */
  constructor(loop: LoopState, ext: T) {
    this.#loop = loop
    this.ext = ext
    loop.resources.add(this)
  }

  /** True until it has fired for the last time. */
  get isActive(): boolean {
    return this.#handle !== undefined
  }

  /**
   * Calls back after `ms`, and then every `repeatMs` unless that is 0; instead of what was set before. As in uSockets,
   * `ms` 0 disarms.
   *
   * @throws {SocketsError} `ERR_OUT_OF_RANGE`; `ERR_TIMER_LOOP_NULL` once it, or its loop, is closed.
   */
  set(ms: number, repeatMs: number, callback: (timer: Timer<T>) => void): void {
    this.#arm(ms, repeatMs, callback)
  }

  /** As {@link set}, for the same callback. */
  reset(ms: number, repeatMs: number): void {
    this.#arm(ms, repeatMs, this.#callback)
  }

  /** Disarms it for good. */
  close(): void {
    this.#disarm()
    this.#loop?.resources.delete(this)
    this.#loop = undefined
    this.#callback = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #arm(ms: number, repeatMs: number, callback: ((timer: Timer<T>) => void) | undefined): void {
    const loop = this.#loop
    if (loop === undefined) throw new SocketsError('ERR_TIMER_LOOP_NULL', undefined, { operation: 'set' })
    checkMs(ms)
    checkMs(repeatMs)
    this.#callback = callback
    this.#disarm()
    if (ms === 0) return
    loop.opened()
    this.#handle = setTimeout(() => {
      if (repeatMs > 0) this.#handle = setInterval(() => this.#fire(loop), repeatMs)
      else this.#handle = undefined
      this.#fire(loop)
      if (repeatMs === 0) loop.closed()
    }, ms)
  }

  #disarm(): void {
    if (this.#handle === undefined) return
    clearTimeout(this.#handle)
    this.#handle = undefined
    this.#loop?.closed()
  }

  #fire(loop: LoopState): void {
    try {
      this.#callback?.(this)
    } catch (error) {
      loop.report(error)
    }
  }
}

function checkMs(ms: number): void {
  if (ms >= 0 && ms <= LONGEST_MS) return
  throw new SocketsError('ERR_OUT_OF_RANGE', `a timer takes 0 to ${LONGEST_MS} ms, got ${ms}`, {
    operation: 'set',
  })
}
