/**
 * Timeouts of whole seconds and minutes for very many items on one timer, as in uSockets: a counter goes up once a
 * second, and every item is compared with it. Arming is a store into the item; no list is kept in order.
 * @module
 */

/** What can time out. The wheel owns the numbers; an item begins with `slot` -1 and both deadlines 0. */
export interface WheelItem {
  /** Where the wheel keeps the item; -1 outside a wheel. */
  slot: number
  /** The tick that times out; 0 when not armed. */
  deadline: number
  longDeadline: number
  /** Called once, disarmed already. */
  onTimeout(): void
  onLongTimeout(): void
}

/** The time that a wheel goes by. */
export interface WheelClock {
  /** Milliseconds from any beginning. */
  now(): number
  /** Calls back after so many milliseconds; the undo is returned. */
  after(ms: number, callback: () => void): () => void
}

const TICK_MS = 1000
const TICKS_PER_MINUTE = 60

/** The system's monotonic time; its timers keep no process alive. */
const SYSTEM_CLOCK: WheelClock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref()
    return () => clearTimeout(timer)
  },
}

/**
 * A timeout fires in the second after its time is over, never before. Time in which the thread was blocked does not
 * count: what arrived meanwhile is read before anybody is found idle.
 */
export class TimerWheel implements Disposable {
  readonly #clock: WheelClock
  readonly #items: WheelItem[] = []
  readonly #onTick = (): void => this.#turn()
  #tick = 0
  #dueAt = 0
  #cancel: (() => void) | undefined

  constructor(clock: WheelClock = SYSTEM_CLOCK) {
    this.#clock = clock
  }

  /** Items in the wheel. */
  get size(): number {
    return this.#items.length
  }

  /** True while something is armed: the only time in which the wheel has a timer. */
  get ticking(): boolean {
    return this.#cancel !== undefined
  }

  add(item: WheelItem): void {
    if (item.slot === -1) item.slot = this.#items.push(item) - 1
  }

  remove(item: WheelItem): void {
    if (this.#items[item.slot] !== item) return
    const last = this.#items.pop()!
    if (last !== item) {
      this.#items[item.slot] = last
      last.slot = item.slot
    }
    item.slot = -1
    item.deadline = item.longDeadline = 0
  }

  /** Times an item out so many seconds from now, instead of when it was to; 0 disarms. */
  arm(item: WheelItem, seconds: number): void {
    if (this.#cancel === undefined) this.#start()
    item.deadline = seconds === 0 ? 0 : this.#tick + seconds + 1
  }

  /** As {@link arm} for the long timeout, in minutes. */
  armLong(item: WheelItem, minutes: number): void {
    if (this.#cancel === undefined) this.#start()
    item.longDeadline = minutes === 0 ? 0 : this.#tick + minutes * TICKS_PER_MINUTE + 1
  }

  /** Lets go of all items. */
  [Symbol.dispose](): void {
    this.#cancel?.()
    this.#cancel = undefined
    for (const item of this.#items.splice(0)) item.slot = -1
  }

  #start(): void {
    this.#dueAt = this.#clock.now() + TICK_MS
    this.#cancel = this.#clock.after(TICK_MS, this.#onTick)
  }

  #turn(): void {
    const late = this.#clock.now() - this.#dueAt
    this.#dueAt += late > TICK_MS ? late + TICK_MS : TICK_MS
    this.#cancel = this.#clock.after(Math.max(0, this.#dueAt - this.#clock.now()), this.#onTick)
    this.#tick++
    if (this.#sweep()) return
    this.#cancel()
    this.#cancel = undefined
  }

  /** Backwards, since an item that is removed leaves its place to the last one. True when something is still armed. */
  #sweep(): boolean {
    const items = this.#items
    const tick = this.#tick
    let armed = false
    for (let i = items.length - 1; i >= 0; i--) {
      const item = items[i]
      if (item === undefined) continue
      const { deadline, longDeadline } = item
      if (deadline === 0 && longDeadline === 0) continue
      armed = true
      if (deadline !== 0 && deadline <= tick) {
        item.deadline = 0
        item.onTimeout()
      }
      if (longDeadline !== 0 && longDeadline <= tick && item.longDeadline === longDeadline) {
        item.longDeadline = 0
        item.onLongTimeout()
      }
    }
    return armed
  }
}
