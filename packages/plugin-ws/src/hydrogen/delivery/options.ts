/**
 * How persistently events are delivered.
 * @module
 */

export interface DeliveryOptions {
  /** Events of a session that may be unacknowledged at a time. */
  readonly window: number
  /** Bytes of them; one event may always be. */
  readonly windowBytes: number
  /** Milliseconds to wait for an acknowledgment while no round trip was measured. */
  readonly ackWait: number
  /** Milliseconds at least and at most, once one was: four round trips. */
  readonly minAckWait: number
  readonly maxAckWait: number
  /** Milliseconds between an acknowledgment that did not come and the next sending; the last one for all further ones. */
  readonly backoff: readonly number[]
  /** How much of `backoff` is left to chance, either way. */
  readonly jitter: number
  /** Sendings that may fail; the last one makes the event a dead letter. Those that a lost connection ends do not count. */
  readonly maxDeliver: number
  /** Bytes that may wait for room in the window, in each lane. Bulk drops its oldest, the others refuse. */
  readonly pendingBytes: readonly [number, number, number, number]
}

export const DEFAULT_DELIVERY: DeliveryOptions = {
  window: 256,
  windowBytes: 1 << 20,
  ackWait: 5000,
  minAckWait: 1000,
  maxAckWait: 60_000,
  backoff: [1000, 5000, 15_000, 30_000],
  jitter: 0.2,
  maxDeliver: 5,
  pendingBytes: [1 << 18, 1 << 20, 1 << 20, 1 << 20],
}

/** Milliseconds before the next sending, after so many failures. */
export function pause({ backoff, jitter }: DeliveryOptions, failures: number, random: () => number): number {
  const usual = backoff[Math.min(failures, backoff.length) - 1] ?? 0
  return usual * (1 + jitter * (2 * random() - 1))
}
