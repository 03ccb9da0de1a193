/**
 * How clients come back when their connection is lost: one option's value for every protocol, and the waiting.
 * @module
 */
import type { Schema } from './option.ts'

export interface Reconnect {
  /** Seconds that the first wait lasts at most; each is a random part of its longest (full jitter). @default 1 */
  min?: number
  /** Seconds that any wait lasts at most. @default 30 */
  max?: number
  /** By how much the longest wait grows with each failure. @default 2 */
  factor?: number
  /** Failures in a row after which the client ends. 0: none are too many. @default 0 */
  tries?: number
}

/** `true`, `false`, or how. */
export const reconnectSchema: Schema = {
  anyOf: [
    { type: 'boolean' },
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        min: { type: 'number', exclusiveMinimum: 0, maximum: 3600 },
        max: { type: 'number', exclusiveMinimum: 0, maximum: 86_400 },
        factor: { type: 'number', minimum: 1, maximum: 10 },
        tries: { type: 'integer', minimum: 0, maximum: 1_000_000 },
      },
    },
  ],
  description: 'Connect again when the connection is lost, and after how long.',
}

/** Counts failures; the settings may change between two of them. */
export class Backoff {
  readonly #random: () => number
  #failures = 0

  constructor(random: () => number = Math.random) {
    this.#random = random
  }

  /** Milliseconds until the next attempt, with full jitter; undefined: that were too many. */
  next({ min = 1, max = 30, factor = 2, tries = 0 }: Reconnect = {}): number | undefined {
    if (tries > 0 && this.#failures >= tries) return undefined
    const longest = Math.min(max, min * factor ** this.#failures)
    this.#failures++
    return this.#random() * longest * 1000
  }

  /** A connection stood for so many milliseconds: after a long one all is forgiven, after a short one nothing. */
  stood(ms: number, { max = 30 }: Reconnect = {}): void {
    if (ms >= max * 1000) this.#failures = 0
  }

  /** All is forgiven. */
  reset(): void {
    this.#failures = 0
  }
}
