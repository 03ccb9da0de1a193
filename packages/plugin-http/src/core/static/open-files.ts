/**
 * How many files are open at once: a process has so many, and its sockets need them too.
 * @module
 */

/** Files that are open at once, of all listeners of a worker. */
export const MAX_OPEN = 256
/** Requests that wait for one to be closed. */
export const MAX_WAITING = 2048

export class OpenFiles {
  readonly #max: number
  readonly #maxWaiting: number
  #open = 0
  readonly #waiting: (() => void)[] = []

  constructor(max = MAX_OPEN, maxWaiting = MAX_WAITING) {
    this.#max = max
    this.#maxWaiting = maxWaiting
  }

  get open(): number {
    return this.#open
  }

  /** Resolves when a file may be opened. Undefined: too many wait for that. */
  enter(): Promise<void> | undefined {
    if (this.#open < this.#max) {
      this.#open++
      return Promise.resolve()
    }
    if (this.#waiting.length >= this.#maxWaiting) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  /** A file was closed, or not opened after all. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#open--
  }
}
