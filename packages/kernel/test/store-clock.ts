/** A clock that stands still until it is told to go on. */
import type { Clock } from '../src/store/index.ts'

export class ManualClock implements Clock {
  #now: number
  #timers = new Set<{ at: number; run: () => void }>()

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size
  }

  /** Goes on, running what is due at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) break
      this.#timers.delete(next)
      this.#now = next.at
      next.run()
    }
    this.#now = end
  }

  /** Goes on without any timer running, as when the thread was busy. */
  jump(ms: number): void {
    this.#now += ms
  }
}
