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
  #sequence = 0

  get size(): number {
    return this.#waiting.size
  }

  /** Opens a call; `send` gets its sequence number. A throw of `send` rejects it. */
  open<T>(fd: number, send: (sequence: number) => void): OpenCall<T> {
    const sequence = (this.#sequence = (this.#sequence + 1) >>> 0)
    const outcome = new Outcome<T>((resolve, reject) => {
      this.#waiting.set(sequence, { fd, resolve: resolve as (value: unknown) => void, reject })
      try {
        send(sequence)
      } catch (error) {
        this.#waiting.delete(sequence)
        reject(error)
      }
    })
    return { outcome, sequence }
  }

  /** Takes a call out, to settle it; undefined when it was given up meanwhile or never was. */
  take(sequence: number): Waiting | undefined {
    const waiting = this.#waiting.get(sequence)
    this.#waiting.delete(sequence)
    return waiting
  }

  rejectAll(error: (fd: number) => Error): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const waiting of all) waiting.reject(error(waiting.fd))
  }
}
