/**
 * When a client that lost its connection tries again.
 * @module
 */

export interface Reconnect {
  /** Milliseconds of the longest first wait. @default 500 */
  readonly min?: number
  /** Milliseconds of the longest wait of all. @default 20000 */
  readonly max?: number
  /** How much longer each wait in a row may be. @default 2 */
  readonly factor?: number
  /** Attempts in a row that may fail before the client gives up; 0: any number. @default 0 */
  readonly tries?: number
}

/** Full jitter: clients that were cut off together do not come back together. */
export class Backoff {
  readonly #settings: Required<Reconnect>
  #failures = 0

  constructor(settings: Reconnect = {}) {
    this.#settings = { min: 500, max: 20_000, factor: 2, tries: 0, ...settings }
  }

  /** Milliseconds until the next attempt; undefined: that were too many. */
  next(): number | undefined {
    const { min, max, factor, tries } = this.#settings
    if (tries > 0 && this.#failures >= tries) return undefined
    return Math.random() * Math.min(max, min * factor ** this.#failures++)
  }

  /** A session stood for so many milliseconds: after a long one all is forgiven, after a short one nothing. */
  stood(ms: number): void {
    if (ms >= this.#settings.max) this.#failures = 0
  }
}
