/**
 * Publications whose producer waits for those who got them.
 * @module
 */
import type { Clock } from '../clock.ts'

interface Waiting {
  /** So many are to acknowledge it. */
  readonly wanted: number
  /** Sessions of which it is not known yet what became of it. */
  open: number
  confirmed: number
  settle(confirmed: number): void
}

export class Confirmations {
  readonly #clock: Clock
  /** By the event's id. */
  readonly #waiting = new Map<string, Waiting>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How many have acknowledged an event, as soon as these are enough, or no more will, or it takes too long. */
  wait(id: string, matched: number, confirm: 'all' | 'any' | number, timeout: number): Promise<number> {
    const wanted = confirm === 'all' ? matched : confirm === 'any' ? 1 : confirm
    if (matched === 0) return Promise.resolve(0)
    return new Promise(resolve => {
      const cancel = this.#clock.after(timeout, () => waiting.settle(waiting.confirmed))
      const waiting: Waiting = {
        wanted,
        open: matched,
        confirmed: 0,
        settle: confirmed => {
          cancel()
          this.#waiting.delete(id)
          resolve(confirmed)
        },
      }
      this.#waiting.set(id, waiting)
    })
  }

  /** What became of an event at one of those who got it. */
  ended(id: string, acknowledged: boolean): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    waiting.open--
    if (acknowledged) waiting.confirmed++
    if (waiting.confirmed >= waiting.wanted || waiting.open === 0) waiting.settle(waiting.confirmed)
  }
}
