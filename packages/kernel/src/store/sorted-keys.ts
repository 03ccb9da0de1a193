/**
 * Keys in order, for scans by prefix: sorted arrays of bounded length, so that adding one moves few.
 * @module
 */

const MAX_RUN = 512

export class SortedKeys {
  /** None is empty; all keys of one come before all of the next. */
  readonly #runs: string[][] = []

  /** Adds a key that is not there. */
  add(key: string): void {
    if (this.#runs.length === 0) {
      this.#runs.push([key])
      return
    }
    const at = Math.max(0, this.#runOf(key))
    const run = this.#runs[at]!
    run.splice(firstFrom(run, key), 0, key)
    if (run.length > MAX_RUN) this.#runs.splice(at + 1, 0, run.splice(MAX_RUN >> 1))
  }

  /** Takes a key away that is there. */
  delete(key: string): void {
    const at = this.#runOf(key)
    const run = this.#runs[at]!
    run.splice(firstFrom(run, key), 1)
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** The keys from `key` on. Must not be changed meanwhile. */
  *from(key: string): Generator<string, void> {
    let at = Math.max(0, this.#runOf(key))
    let i = at < this.#runs.length ? firstFrom(this.#runs[at]!, key) : 0
    for (; at < this.#runs.length; at++, i = 0) {
      const run = this.#runs[at]!
      for (; i < run.length; i++) yield run[i]!
    }
  }

  /** The last run whose first key is not behind `key`; -1 when there is none. */
  #runOf(key: string): number {
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#runs[middle]![0]! <= key) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}

/** The index of the first key that is not before `key`. */
function firstFrom(run: readonly string[], key: string): number {
  let low = 0
  let high = run.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (run[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
