/**
 * Time, as everything in this folder sees it: given, never taken, so that tests are masters of it.
 * @module
 */

export interface Clock {
  /** Milliseconds since 1970, which never go back. */
  now(): number
  /** Calls back once after `ms` milliseconds, unless the returned function is called first. */
  after(ms: number, callback: () => void): () => void
}

/**
 * The process's monotonic clock, set by the wall clock when the process started: a wall clock that is put back neither
 * prolongs a deadline nor refills a bucket. Its timers keep no process alive.
 */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.max(0, ms))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
