/**
 * Messages that were thrown away, told to the owner in sums: a flood must not become a flood of reports.
 * @module
 */

/** Milliseconds between two reports: what an owner that is blocked finds waiting stays small. */
const INTERVAL = 100

export class DropReport {
  readonly #tell: (count: number) => void
  #untold = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(tell: (count: number) => void) {
    this.#tell = tell
  }

  /** The first of a flood is told at once. */
  add(count: number): void {
    if (this.#timer !== undefined) {
      this.#untold += count
      return
    }
    this.#tell(count)
    this.#timer = setTimeout(() => this.flush(), INTERVAL).unref()
  }

  /** Tells what is untold. */
  flush(): void {
    this.stop()
    const count = this.#untold
    this.#untold = 0
    if (count > 0) this.add(count)
  }

  /** Tells no more: the fd is over. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
