/**
 * Where a store has its time from.
 * @module
 */

export interface Clock {
  /** Milliseconds since 1970; never goes back. */
  now(): number
  /** Calls once after so many milliseconds, without keeping the process alive. Returns the undo. */
  after(ms: number, run: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  after(ms, run) {
    const timer = setTimeout(run, ms).unref()
    return () => clearTimeout(timer)
  },
}
