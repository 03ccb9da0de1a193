/**
 * The order of one fd's calls. Calls such as bind and connect run alone; options, queries, requests and writes run
 * side by side but never past a call that runs alone.
 * @module
 */

export class Serial {
  #alone = false
  #shared = 0
  #queue: { alone: boolean; run: () => unknown }[] | undefined

  /** True when a shared call may run at once. */
  get open(): boolean {
    return !this.#alone && this.#queue === undefined
  }

  shared(run: () => unknown): void {
    if (this.open) this.#start(run, false)
    else this.#enqueue(run, false)
  }

  alone(run: () => unknown): void {
    if (this.open && this.#shared === 0) this.#start(run, true)
    else this.#enqueue(run, true)
  }

  /** Drops what has not begun. */
  clear(): void {
    this.#queue = undefined
  }

  #enqueue(run: () => unknown, alone: boolean): void {
    this.#queue ??= []
    this.#queue.push({ alone, run })
  }

  /** `run` never throws and never rejects: its caller answers for its failure. */
  #start(run: () => unknown, alone: boolean): void {
    const returned = run()
    if (!isPromise(returned)) return
    if (alone) this.#alone = true
    else this.#shared++
    void returned.then(() => {
      if (alone) this.#alone = false
      else this.#shared--
      this.#next()
    })
  }

  #next(): void {
    while (this.#queue !== undefined && !this.#alone) {
      const first = this.#queue[0]!
      if (first.alone && this.#shared > 0) return
      this.#queue.shift()
      const last = this.#queue.length === 0
      if (last) this.#queue = undefined
      this.#start(first.run, first.alone)
    }
  }
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as any).then === 'function'
}
