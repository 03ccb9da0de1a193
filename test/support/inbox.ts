/** What comes, in the order it comes, each awaited. */
export class Inbox<T> {
  readonly #items: T[] = []
  readonly #waiting: ((item: T) => void)[] = []

  readonly put = (item: T): void => {
    const waiting = this.#waiting.shift()
    if (waiting) waiting(item)
    else this.#items.push(item)
  }

  /** How many wait to be taken. */
  get size(): number {
    return this.#items.length
  }

  next(): Promise<T> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift()!)
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  /** The next one that fits; those before it are dropped. */
  async find<U extends T>(fits: (item: T) => item is U): Promise<U>
  async find(fits: (item: T) => boolean): Promise<T>
  async find(fits: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next()
      if (fits(item)) return item
    }
  }
}
