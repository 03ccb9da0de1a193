/**
 * Where a subscriber is in a topic. What its filter held back counts as seen, so that a filter is never taken for a gap:
 * the next event it does get names, as `prev`, the offset it is to follow.
 * @module
 */

export class Position {
  #offset: number
  #delivered: number

  /** `offset`: the last publication the subscriber need not get. */
  constructor(offset: number) {
    this.#offset = this.#delivered = offset
  }

  /** Up to here everything was delivered or held back. */
  get offset(): number {
    return this.#offset
  }

  /** The last offset the subscriber was told of. */
  get delivered(): number {
    return this.#delivered
  }

  /** The subscriber was told of nothing after this offset: what came since was held back. */
  heldAfter(offset: number): void {
    this.#delivered = offset
  }

  /** The subscriber's filter holds this publication back. */
  hold(offset: number): void {
    if (offset > this.#offset) this.#offset = offset
  }

  /** Nothing up to this offset comes any more, and the subscriber is told so. */
  skip(offset: number): void {
    this.hold(offset)
    if (offset > this.#delivered) this.#delivered = offset
  }

  /** The subscriber gets this publication: the `prev` it is to carry, undefined where that is simply the one before. */
  deliver(offset: number): number | undefined {
    const prev = this.#delivered
    this.#offset = Math.max(this.#offset, offset)
    this.#delivered = offset
    return prev === offset - 1 ? undefined : prev
  }
}

/** Whether an event follows on what a client has: no event that concerned it is missing in between. */
export function follows(last: number, offset: number, prev: number = offset - 1): boolean {
  return prev <= last
}
