/**
 * What expires next: a binary heap whose items know their place, so that a new deadline moves one instead of adding another.
 * @module
 */

export interface Expiring {
  /** Milliseconds since 1970, or Infinity. */
  expiresAt: number
  /** Its place in the heap; -1 outside of it. */
  place: number
}

export class ExpiryHeap<T extends Expiring> {
  readonly #items: T[] = []

  /** The nearest deadline, or Infinity. */
  get next(): number {
    return this.#items[0]?.expiresAt ?? Number.POSITIVE_INFINITY
  }

  /** An item that is due. */
  due(now: number): T | undefined {
    const first = this.#items[0]
    return first !== undefined && first.expiresAt <= now ? first : undefined
  }

  /** Gives an item a deadline; Infinity takes it out. */
  schedule(item: T, expiresAt: number): void {
    if (expiresAt === Number.POSITIVE_INFINITY) {
      this.remove(item)
      item.expiresAt = expiresAt
      return
    }
    item.expiresAt = expiresAt
    if (item.place < 0) {
      item.place = this.#items.length
      this.#items.push(item)
    }
    this.#sink(this.#rise(item))
  }

  remove(item: T): void {
    const place = item.place
    if (place < 0) return
    item.place = -1
    const last = this.#items.pop()!
    if (last === item) return
    this.#put(last, place)
    this.#sink(this.#rise(last))
  }

  #rise(item: T): T {
    let place = item.place
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = this.#items[above]!
      if (parent.expiresAt <= item.expiresAt) break
      this.#put(parent, place)
      place = above
    }
    this.#put(item, place)
    return item
  }

  #sink(item: T): void {
    const items = this.#items
    let place = item.place
    for (;;) {
      let below = 2 * place + 1
      if (below >= items.length) break
      if (below + 1 < items.length && items[below + 1]!.expiresAt < items[below]!.expiresAt) below++
      const child = items[below]!
      if (item.expiresAt <= child.expiresAt) break
      this.#put(child, place)
      place = below
    }
    this.#put(item, place)
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }
}
