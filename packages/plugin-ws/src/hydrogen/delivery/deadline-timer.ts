/**
 * One timer for many deadlines.
 * @module
 */
import type { Clock } from '../clock.ts'

/** Fires at the earliest time it was told of since it last fired or was stopped. */
export class DeadlineTimer {
  readonly #clock: Clock
  readonly #fire: () => void
  #at = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock, fire: () => void) {
    this.#clock = clock
    this.#fire = fire
  }

  /** Fires no later than at this time. */
  arm(at: number): void {
    if (at >= this.#at) return
    this.#cancel?.()
    this.#at = at
    this.#cancel = this.#clock.after(at - this.#clock.now(), () => {
      this.stop()
      this.#fire()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = Number.POSITIVE_INFINITY
  }
}
