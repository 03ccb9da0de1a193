/**
 * How long an acknowledgment is waited for.
 * @module
 */
import type { DeliveryOptions } from './options.ts'

/** Of a new measurement, how much counts (RFC 6298 section 2). */
const GAIN = 1 / 8

/** Four round trips, smoothed, within bounds; the default until one was measured. */
export class AckWait {
  readonly #options: DeliveryOptions
  #smoothed: number | undefined

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Milliseconds. */
  get current(): number {
    const { ackWait, minAckWait, maxAckWait } = this.#options
    if (this.#smoothed === undefined) return ackWait
    return Math.min(maxAckWait, Math.max(minAckWait, 4 * this.#smoothed))
  }

  observe(ms: number): void {
    this.#smoothed = this.#smoothed === undefined ? ms : this.#smoothed + GAIN * (ms - this.#smoothed)
  }
}
