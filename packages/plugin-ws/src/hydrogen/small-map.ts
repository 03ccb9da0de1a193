/**
 * A map by text for what there are many of and each has few: a few entries cost an array and no more.
 * @module
 */

/** Entries up to which it is an array. */
const FEW = 8

export class SmallMap<V> {
  /** Keys and values in turn; exactly as long as it has to be. */
  #few: readonly (string | V)[] = NOTHING
  #many: Map<string, V> | undefined

  get size(): number {
    return this.#many?.size ?? this.#few.length / 2
  }

  get(key: string): V | undefined {
    if (this.#many !== undefined) return this.#many.get(key)
    const at = this.#indexOf(key)
    return at < 0 ? undefined : (this.#few[at + 1] as V)
  }

  has(key: string): boolean {
    return this.#many?.has(key) ?? this.#indexOf(key) >= 0
  }

  set(key: string, value: V): void {
    if (this.#many !== undefined) {
      this.#many.set(key, value)
      return
    }
    const at = this.#indexOf(key)
    if (at >= 0) this.#few = this.#few.with(at + 1, value)
    // Unlike a spread, which leaves room for sixteen more.
    else if (this.#few.length < 2 * FEW) this.#few = this.#few.concat([key, value])
    else {
      this.#many = new Map(this.entries()).set(key, value)
      this.#few = NOTHING
    }
  }

  /** False: there was no such key. */
  delete(key: string): boolean {
    if (this.#many !== undefined) return this.#many.delete(key)
    const at = this.#indexOf(key)
    if (at < 0) return false
    this.#few = this.#few.length === 2 ? NOTHING : this.#few.toSpliced(at, 2)
    return true
  }

  clear(): void {
    this.#few = NOTHING
    this.#many = undefined
  }

  /** In the order in which the keys were first set. */
  *entries(): IterableIterator<[string, V]> {
    if (this.#many !== undefined) yield* this.#many.entries()
    else {
      const few = this.#few
      for (let i = 0; i < few.length; i += 2) yield [few[i] as string, few[i + 1] as V]
    }
  }

  *keys(): IterableIterator<string> {
    for (const [key] of this.entries()) yield key
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this.entries()) yield value
  }

  #indexOf(key: string): number {
    const few = this.#few
    for (let i = 0; i < few.length; i += 2) if (few[i] === key) return i
    return -1
  }
}

const NOTHING: readonly never[] = []
