/**
 * What a loop's timers, contexts and sockets know of it.
 * @module
 */
import { TimerWheel } from '../timeouts/timer-wheel.ts'

export class LoopState {
  readonly wheel = new TimerWheel()
  /** What the loop closes when it is disposed of. */
  readonly resources = new Set<Disposable>()
  /** Called when the last open thing was closed. */
  onIdle: () => void = () => {}
  readonly #report: (error: unknown) => void
  #open = 0

  /** `report` gets what callbacks throw and what has no caller. */
  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Armed timers, sockets and listening sockets. */
  get open(): number {
    return this.#open
  }

  opened(): void {
    this.#open++
  }

  closed(): void {
    if (--this.#open === 0) this.onIdle()
  }

  report(error: unknown): void {
    this.#report(error)
  }
}
