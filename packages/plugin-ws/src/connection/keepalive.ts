/**
 * Pings, and the end of peers that do not answer them (RFC 6455 section 5.5.2).
 * @module
 */
import type { TimerWheel, WheelItem } from '@unisock/sockets/engine'

/** Whoever is kept alive. */
export interface Pinged {
  ping(): void
  /** The peer has not answered in time. */
  onSilence(): void
}

export class Keepalive implements WheelItem, Disposable {
  readonly #wheel: TimerWheel
  readonly #pinged: Pinged
  slot = -1
  deadline = 0
  longDeadline = 0
  #interval = 0
  #timeout = 0
  #waiting = false
  /** Something has come since the last ping, or nothing is read: a peer is judged by what it sends only. */
  #heard = false

  constructor(wheel: TimerWheel, pinged: Pinged) {
    this.#wheel = wheel
    this.#pinged = pinged
    wheel.add(this)
  }

  /** Seconds; an interval of 0 sends no pings. */
  set(interval: number, timeout: number): void {
    this.#interval = interval
    this.#timeout = timeout
    this.#rest()
  }

  /** Something has arrived. */
  heard(): void {
    this.#heard = true
  }

  ponged(): void {
    if (this.#waiting) this.#rest()
  }

  onTimeout(): void {
    if (!this.#waiting) {
      this.#waiting = true
      this.#heard = false
      this.#wheel.arm(this, this.#timeout)
      this.#pinged.ping()
    } else if (this.#heard) this.#rest()
    else this.#pinged.onSilence()
  }

  onLongTimeout(): void {}

  [Symbol.dispose](): void {
    this.#wheel.remove(this)
  }

  #rest(): void {
    this.#waiting = false
    this.#wheel.arm(this, this.#interval)
  }
}
