/**
 * Memory for packets on their way to the system.
 * @module
 */

const MAX_VIEWS = 4096

/**
 * Takes copies of packets, one after the other, and is emptied at once. Its views are made once where packets of the
 * same lengths follow each other again.
 */
export class SendArena {
  readonly #bytes: Buffer
  readonly #views: Buffer[] = []
  #used = 0
  #count = 0

  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafeSlow(size)
  }

  /** A copy of `payload`, that stays until {@link SendArena.clear}; in memory of its own where there is no room. */
  copy(payload: Buffer): Buffer {
    const { length } = payload
    const start = this.#used
    if (start + length > this.#bytes.length || this.#count === MAX_VIEWS) return Buffer.from(payload)
    this.#bytes.set(payload, start)
    this.#used = start + length
    const index = this.#count++
    const view = this.#views[index]
    if (view !== undefined && view.length === length && view.byteOffset === start) return view
    return (this.#views[index] = this.#bytes.subarray(start, start + length))
  }

  /** Nothing in it is needed any more. */
  clear(): void {
    this.#used = 0
    this.#count = 0
  }
}
