/**
 * A map bounded in time and in size.
 * @module
 */

interface Entry<V> {
  value: V
  expires: number
}

/**
 * Entries live for `ttl` milliseconds from when they were set. Every operation takes constant time, amortised: entries
 * are kept in the order they were set, which is the order in which they expire.
 */
export class ExpiringMap<K, V> {
  readonly #entries = new Map<K, Entry<V>>()
  readonly #ttl: number
  readonly #max: number

  constructor(ttl: number, max: number) {
    this.#ttl = ttl
    this.#max = max
  }

  /** Entries, expired ones that were not swept yet included. Never more than `max`. */
  get size(): number {
    return this.#entries.size
  }

  get(key: K, now: number): V | undefined {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.expires > now ? entry.value : undefined
  }

  /** Whether one more key would push out one that has not expired. */
  full(now: number): boolean {
    this.sweep(now)
    return this.#entries.size >= this.#max
  }

  /** Sets anew; where there is no room, the oldest entry goes. */
  set(key: K, value: V, now: number): void {
    this.#entries.delete(key)
    this.sweep(now)
    if (this.#entries.size >= this.#max) {
      const oldest = this.#entries.keys().next()
      if (!oldest.done) this.#entries.delete(oldest.value)
    }
    this.#entries.set(key, { value, expires: now + this.#ttl })
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  /** Lets go of what has expired. */
  sweep(now: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.expires > now) return
      this.#entries.delete(key)
    }
  }
}
