/**
 * When a client that lost its connection tries again.
 * @module
 */
import type { SocketError } from '@unisock/kernel/plugin'
import type { Reconnect } from '../options/index.ts'

export class Backoff {
  readonly #settings: Required<Reconnect>
  readonly #random: () => number
  #failures = 0

  constructor(settings: Reconnect = {}, random: () => number = Math.random) {
    this.#settings = { min: 1, max: 30, factor: 2, tries: 0, ...settings }
    this.#random = random
  }

  /** Milliseconds until the next attempt, with full jitter; undefined: that were too many. */
  next(): number | undefined {
    const { min, max, factor, tries } = this.#settings
    if (tries > 0 && this.#failures >= tries) return undefined
    const longest = Math.min(max, min * factor ** this.#failures)
    this.#failures++
    return this.#random() * longest * 1000
  }

  /** A connection stood for so many milliseconds: after a long one all is forgiven, after a short one nothing. */
  stood(ms: number): void {
    if (ms >= this.#settings.max * 1000) this.#failures = 0
  }
}

/**
 * Whether a close code leaves room for coming back. Those of RFC 6455 that say "done" or "you did wrong" do not; of the
 * rest, 3000-3499 and 4000-4499 do and 3500-3999 and 4500-4999 do not, as Centrifugo's convention has it.
 */
export function mayReturn(code: number): boolean {
  if (code < 3000) return code === 1001 || code === 1005 || code === 1006 || (code >= 1011 && code <= 1014)
  return code % 1000 < 500
}

/** Whether an attempt that failed so may succeed another time. */
export function mayRetry({ category, retryable }: SocketError): boolean {
  return retryable || category === 'connection'
}
