/**
 * A map that forgets what was not used for longest.
 * @module
 */

/** Keeps at most `limit` entries; reading one counts as use. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  /** @returns whether another entry had to go. */
  set(key: K, value: V): boolean {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    if (this.#entries.size <= this.#limit) return false
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest)
      break
    }
    return true
  }

  delete(key: K): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }
}
