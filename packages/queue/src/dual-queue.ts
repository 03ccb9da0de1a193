/**
 * A queue within one thread.
 * @module
 */

/**
 * What a reader says of the item it was given. Nothing: go on. `stop`: the item is done with, the rest waits for the
 * next drain. `keep`: the item is not done with; it comes first in the next drain.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: most readers return nothing.
export type Drained = void | 'stop' | 'keep'

/** A buffer that grew beyond this is let go once it is drained. */
const KEPT_SLOTS = 1024

/**
 * Writers push into one buffer while the reader works through the other; an empty one is swapped for a filled one.
 * No item is moved or looked at twice, and none is referred to once it was read.
 */
export class DualQueue<T> {
  readonly #wake: () => void
  #filling: (T | undefined)[] = []
  #filled = 0
  #draining: (T | undefined)[] = []
  #end = 0
  #next = 0
  #idle = true
  #active = false

  /** `wake` is called by the push that finds the reader idle, and not again until a drain has emptied the queue. */
  constructor(wake: () => void) {
    this.#wake = wake
  }

  /** Items that were not read yet. */
  get length(): number {
    return this.#filled + this.#end - this.#next
  }

  push(item: T): void {
    this.#filling[this.#filled++] = item
    if (!this.#idle) return
    this.#idle = false
    this.#wake()
  }

  /**
   * Gives the reader items in the order they were pushed, those it pushes meanwhile included, until none is left or
   * it says otherwise. Returns true when the queue is empty: the next push wakes. Until then the caller drains again.
   * When `read` throws, its item is gone and the rest waits for the next drain. A drain within a drain reads nothing.
   */
  drain(read: (item: T) => Drained): boolean {
    if (this.#active) return false
    this.#active = true
    try {
      while (this.#next < this.#end || this.#swap()) {
        const at = this.#next++
        const item = this.#draining[at] as T
        this.#draining[at] = undefined
        const drained = read(item)
        if (drained === undefined) continue
        if (drained === 'keep' && this.#next === at + 1) {
          this.#draining[at] = item
          this.#next = at
        }
        break
      }
      this.#idle = this.length === 0
      return this.#idle
    } finally {
      this.#active = false
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#filling = []
    this.#draining = []
    this.#filled = this.#end = this.#next = 0
    if (!this.#active) this.#idle = true
  }

  #swap(): boolean {
    const drained = this.#draining.length > KEPT_SLOTS ? [] : this.#draining
    this.#draining = this.#filling
    this.#filling = drained
    this.#end = this.#filled
    this.#filled = this.#next = 0
    return this.#end > 0
  }
}
