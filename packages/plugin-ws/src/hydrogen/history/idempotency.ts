/**
 * Publishing once, however often it is asked for.
 * @module
 */
import { ExpiringMap } from '../expiring-map.ts'

export interface IdempotencyOptions {
  /** Milliseconds for which a key is remembered. @default 300000 */
  window?: number
  /** Keys that are remembered; beyond that, the oldest is forgotten. @default 10000 */
  max?: number
}

/** What a publication with a key led to, so that a repeated one leads to the same. */
export class IdempotencyKeys<R> {
  readonly #results: ExpiringMap<string, R>

  constructor({ window = 300_000, max = 10_000 }: IdempotencyOptions = {}) {
    this.#results = new ExpiringMap(window, max)
  }

  get size(): number {
    return this.#results.size
  }

  /** What the first publication with this key led to; where there was none, what `publish` leads to now. */
  once(key: string, now: number, publish: () => R): R {
    const before = this.#results.get(key, now)
    if (before !== undefined) return before
    const result = publish()
    this.#results.set(key, result, now)
    return result
  }
}
