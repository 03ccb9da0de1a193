/**
 * When to restart a failed worker, and when to give it up.
 * @module
 */

export interface RestartPolicy {
  /** Failures within `period` after which a worker is given up. @default 5 */
  intensity?: number
  /** Milliseconds. @default 60000 */
  period?: number
  /** Milliseconds before the second restart in a row; the first is at once, each further one waits twice as long. @default 100 */
  initialDelay?: number
  /** Milliseconds at most. @default 10000 */
  maxDelay?: number
}

export class Backoff {
  readonly #policy: Required<RestartPolicy>
  readonly #random: () => number
  #failures: number[] = []

  constructor(policy: RestartPolicy = {}, random: () => number = Math.random) {
    this.#policy = { intensity: 5, period: 60_000, initialDelay: 100, maxDelay: 10_000, ...policy }
    this.#random = random
  }

  /** Counts a failure; the milliseconds to wait before the restart, or undefined: give up. */
  next(now: number): number | undefined {
    const { intensity, period, initialDelay, maxDelay } = this.#policy
    this.#failures = this.#failures.filter(time => now - time < period)
    this.#failures.push(now)
    if (this.#failures.length > intensity) return undefined
    if (this.#failures.length === 1) return 0
    const delay = Math.min(maxDelay, initialDelay * 2 ** (this.#failures.length - 2))
    return delay * (0.5 + this.#random() / 2)
  }
}
