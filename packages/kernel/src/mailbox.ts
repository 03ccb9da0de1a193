/**
 * A queue with one reader: what the handlers of an iterated socket fill.
 * @module
 */

export class Mailbox<T> implements AsyncIterableIterator<T> {
  readonly #items: { item: T; taken: () => void }[] = []
  readonly #readers: { resolve(result: IteratorResult<T>): void; reject(error: Error): void }[] = []
  #ended = false
  #error: Error | undefined

  /** Resolves when the reader took the item: a handler that returns it holds the sender's credit until then. */
  put(item: T): Promise<void> {
    const reader = this.#readers.shift()
    if (reader) {
      reader.resolve({ value: item, done: false })
      return Promise.resolve()
    }
    return new Promise(taken => this.#items.push({ item, taken }))
  }

  /** What is queued is still read; then the iteration ends, or throws the error once. */
  end(error?: Error): void {
    if (this.#ended) return
    this.#ended = true
    this.#error = error
    for (const reader of this.#readers.splice(0)) this.#finish(reader)
  }

  next(): Promise<IteratorResult<T>> {
    const queued = this.#items.shift()
    if (queued) {
      queued.taken()
      return Promise.resolve({ value: queued.item, done: false })
    }
    return new Promise((resolve, reject) => {
      if (this.#ended) this.#finish({ resolve, reject })
      else this.#readers.push({ resolve, reject })
    })
  }

  /** What is queued, for another reader: whoever put it there waits no longer. */
  empty(): T[] {
    return this.#items.splice(0).map(({ item, taken }) => {
      taken()
      return item
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #finish(reader: { resolve(result: IteratorResult<T>): void; reject(error: Error): void }): void {
    const error = this.#error
    this.#error = undefined
    if (error) reader.reject(error)
    else reader.resolve({ value: undefined, done: true })
  }
}
