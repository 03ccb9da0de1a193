/**
 * A clock that stands still until it is told.
 * @module
 */
import type { Clock } from '../../../src/hydrogen/clock.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

export class FakeClock implements Clock {
  #now: number
  readonly #timers = new Set<Timer>()

  constructor(now = 1_000_000) {
    this.#now = now
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets `ms` milliseconds pass; every timer that is due meanwhile fires at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      let next: Timer | undefined
      for (const timer of this.#timers) if (timer.at <= end && !(next && next.at <= timer.at)) next = timer
      if (!next) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = end
  }
}
