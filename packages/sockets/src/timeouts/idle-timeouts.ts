/**
 * The two timeouts of one connection, armed again by its traffic.
 * @module
 */
import { SocketsError } from '../errors.ts'
import type { TimerWheel, WheelItem } from './timer-wheel.ts'

/** What fits a tick counter with room to spare: a year in minutes. */
const LONGEST = 365 * 24 * 60

/** Each fires once when its time passed without {@link touch}, and is armed again by the next one. */
export class IdleTimeouts implements WheelItem, Disposable {
  // What traffic reads and writes comes first, to lie in one cache line.
  readonly #wheel: TimerWheel
  #seconds = 0
  #minutes = 0
  deadline = 0
  longDeadline = 0
  slot = -1
  readonly onTimeout: () => void
  readonly onLongTimeout: () => void

  constructor(wheel: TimerWheel, onTimeout: () => void, onLongTimeout: () => void) {
    this.#wheel = wheel
    this.onTimeout = onTimeout
    this.onLongTimeout = onLongTimeout
    wheel.add(this)
  }

  /** Seconds without traffic; 0 for none. @throws {SocketsError} `ERR_OUT_OF_RANGE` */
  setTimeout(seconds: number): void {
    this.#seconds = checkUnits('seconds', seconds)
    this.#wheel.arm(this, this.#seconds)
  }

  /** Minutes without traffic; 0 for none. @throws {SocketsError} `ERR_OUT_OF_RANGE` */
  setLongTimeout(minutes: number): void {
    this.#minutes = checkUnits('minutes', minutes)
    this.#wheel.armLong(this, this.#minutes)
  }

  /** There was traffic. */
  touch(): void {
    if (this.#seconds !== 0) this.#wheel.arm(this, this.#seconds)
    if (this.#minutes !== 0) this.#wheel.armLong(this, this.#minutes)
  }

  [Symbol.dispose](): void {
    this.#wheel.remove(this)
    this.#seconds = this.#minutes = 0
  }
}

/** Whole units, a part of one counted as one. */
function checkUnits(unit: string, count: number): number {
  if (count >= 0 && count <= LONGEST) return Math.ceil(count)
  throw new SocketsError('ERR_OUT_OF_RANGE', `a timeout is 0 to ${LONGEST} ${unit}, got ${count}`, {
    operation: 'setTimeout',
  })
}
