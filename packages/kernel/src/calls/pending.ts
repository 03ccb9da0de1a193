/**
 * Calls that wait for a worker's answer.
 * @module
 */
import { Outcome } from './outcome.ts'

export interface Waiting {
  readonly fd: number
  resolve(value: unknown): void
  reject(error: Error): void
}

export interface OpenCall<T> {
  readonly outcome: Outcome<T>
  readonly sequence: number
}

export class PendingCalls {
  readonly #waiting = new Map<number, Waiting>()
  readonly #onChange: () => void
  #sequence = 0

  /** `onChange` is called when the first call begins to wait and when the last one is settled. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Opens a call; `send` gets its sequence number. A throw of `send` rejects it. */
  open<T>(fd: number, send: (sequence: number) => void): OpenCall<T> {
    const sequence = (this.#sequence = (this.#sequence + 1) >>> 0)
    const outcome = new Outcome<T>((resolve, reject) => {
      this.#waiting.set(sequence, { fd, resolve: resolve as (value: unknown) => void, reject })
      if (this.#waiting.size === 1) this.#onChange()
      try {
        send(sequence)
      } catch (error) {
        this.take(sequence)?.reject(error as Error)
      }
    })
    return { outcome, sequence }
  }

  /** Takes a call out, to settle it; undefined when it was given up meanwhile or never was. */
  take(sequence: number): Waiting | undefined {
    const waiting = this.#waiting.get(sequence)
    if (this.#waiting.delete(sequence) && this.#waiting.size === 0) this.#onChange()
    return waiting
  }

  rejectAll(error: (fd: number) => Error): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    if (all.length > 0) this.#onChange()
    for (const waiting of all) waiting.reject(error(waiting.fd))
  }
}
