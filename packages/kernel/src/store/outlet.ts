/**
 * What is on its way from a store to one worker: bounded, so that a worker that is too slow holds nobody up.
 * @module
 */
import type { EntryPosition } from './store.ts'

/** Carries messages to a worker. */
export interface OutletPort {
  /** Sends a message; returns its size, which comes back by {@link Outlet.consumed}. */
  event(channel: string, bytes: Uint8Array, entry: EntryPosition | undefined): number
  /** Tells how many messages were not sent. */
  missed(channel: string, count: number): void
}

export class Outlet {
  /** The channels the worker listens to. */
  readonly channels = new Set<string>()
  readonly #port: OutletPort
  readonly #window: number
  readonly #missed = new Map<string, number>()
  #onItsWay = 0

  constructor(port: OutletPort, windowBytes: number) {
    this.#port = port
    this.#window = windowBytes
  }

  /** True while no more should be sent. */
  get full(): boolean {
    return this.#onItsWay >= this.#window
  }

  /** Sends a message, or counts it as missed. */
  offer(channel: string, bytes: Uint8Array, entry: EntryPosition | undefined): boolean {
    if (this.full) {
      this.#missed.set(channel, (this.#missed.get(channel) ?? 0) + 1)
      return false
    }
    this.sent(this.#port.event(channel, bytes, entry))
    return true
  }

  sent(bytes: number): void {
    this.#onItsWay += bytes
  }

  /** The worker has dealt with so many bytes; what it missed is told before anything else is sent. */
  consumed(bytes: number): void {
    this.#onItsWay -= bytes
    if (this.full || this.#missed.size === 0) return
    for (const [channel, count] of this.#missed) this.#port.missed(channel, count)
    this.#missed.clear()
  }

  /** Forgets what was missed of a channel nobody listens to any more. */
  left(channel: string): void {
    this.#missed.delete(channel)
  }
}
