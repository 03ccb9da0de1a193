/**
 * Many deadlines of one length on one timer: an intrusive list in the order of expiry.
 * @module
 */

/** What can have a deadline; it is in one list at a time. */
export abstract class Timed {
  /** @internal The list it is in, its neighbours there, and when it expires. */
  list: Deadlines | undefined = undefined
  /** @internal */
  previous: Timed | undefined = undefined
  /** @internal */
  next: Timed | undefined = undefined
  /** @internal */
  dueAt = 0

  /** The deadline has passed; it is out of the list. */
  abstract expire(): void
}

/** Deadlines that all lie the same time ahead when they are set. Setting and clearing one is a few stores. */
export class Deadlines {
  /** Milliseconds; 0 sets no deadline. */
  readonly delay: number
  #head: Timed | undefined
  #tail: Timed | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #tick = (): void => this.#expire()

  constructor(delay: number) {
    this.delay = delay
  }

  set(item: Timed): void {
    if (this.delay === 0) return
    item.list?.clear(item)
    item.list = this
    item.dueAt = performance.now() + this.delay
    item.previous = this.#tail
    if (this.#tail) this.#tail.next = item
    else this.#head = item
    this.#tail = item
    if (this.#timer === undefined) this.#arm(this.delay)
  }

  clear(item: Timed): void {
    if (item.list !== this) return
    if (item.previous) item.previous.next = item.next
    else this.#head = item.next
    if (item.next) item.next.previous = item.previous
    else this.#tail = item.previous
    item.list = item.previous = item.next = undefined
  }

  /** The timer stays armed when a deadline is cleared: it finds out when it fires. */
  #arm(delay: number): void {
    this.#timer = setTimeout(this.#tick, Math.max(1, Math.ceil(delay)))
    this.#timer.unref()
  }

  #expire(): void {
    this.#timer = undefined
    const now = performance.now()
    for (let item = this.#head; item && item.dueAt <= now; item = this.#head) {
      this.clear(item)
      item.expire()
    }
    if (this.#head && this.#timer === undefined) this.#arm(this.#head.dueAt - now)
  }
}
