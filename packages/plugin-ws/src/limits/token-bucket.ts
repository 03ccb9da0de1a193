/**
 * A rate limit.
 * @module
 */

/** Tokens are kept in thousandths, so that whole rates and whole milliseconds add up without rounding. */
const UNITS = 1000

/** Fills with `rate` tokens a second up to `burst`; whoever takes more than there are is refused. */
export class TokenBucket {
  readonly rate: number
  readonly burst: number
  #units: number
  #time: number

  /** Full at first. `now` is in milliseconds, as everywhere. */
  constructor(rate: number, burst: number, now: number) {
    if (!(rate > 0) || !(burst > 0)) throw new RangeError('A rate limit has a positive rate and burst')
    this.rate = rate
    this.burst = burst
    this.#units = burst * UNITS
    this.#time = Math.floor(now)
  }

  /** Takes `count` tokens, or none where there are fewer. */
  take(count: number, now: number): boolean {
    this.#fill(now)
    const units = count * UNITS
    if (units > this.#units) return false
    this.#units -= units
    return true
  }

  /** How many there are. */
  available(now: number): number {
    this.#fill(now)
    return this.#units / UNITS
  }

  /** Milliseconds until there are `count`; infinite where the bucket never holds as many. */
  wait(count: number, now: number): number {
    this.#fill(now)
    if (count > this.burst) return Number.POSITIVE_INFINITY
    return Math.max(0, Math.ceil((count * UNITS - this.#units) / this.rate))
  }

  #fill(now: number): void {
    const time = Math.floor(now)
    const elapsed = time - this.#time
    if (elapsed <= 0) return
    this.#time = time
    this.#units = Math.min(this.burst * UNITS, this.#units + elapsed * this.rate)
  }
}
