/**
 * The order of one fd's calls. Calls such as bind and connect run alone; options, queries, requests and writes run
 * side by side but never past a call that runs alone.
 * @module
 */

interface Queued {
  readonly alone: boolean
  readonly run: () => unknown
  /** It will not be run. */
  readonly dropped: (() => void) | undefined
}

export class Serial {
  #alone = false
  #shared = 0
  #queue: Queued[] | undefined

  /** True when a shared call may run at once. */
  get open(): boolean {
    return !this.#alone && this.#queue === undefined
  }

  shared(run: () => unknown, dropped?: () => void): void {
    if (this.open) this.#start(run, false)
    else this.#enqueue({ alone: false, run, dropped })
  }

  alone(run: () => unknown, dropped?: () => void): void {
    if (this.open && this.#shared === 0) this.#start(run, true)
    else this.#enqueue({ alone: true, run, dropped })
  }

  /** Drops what has not begun. */
  clear(): void {
    const queue = this.#queue
    this.#queue = undefined
    for (const { dropped } of queue ?? []) dropped?.()
  }

  #enqueue(queued: Queued): void {
    this.#queue ??= []
    this.#queue.push(queued)
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
