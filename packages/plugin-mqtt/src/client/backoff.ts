/**
 * How long a client waits before it connects again.
 * @module
 */
import type { MqttReconnect } from '../options/index.ts'

export class Backoff {
  #failures = 0

  /** Milliseconds, with full jitter; undefined: it has tried often enough. */
  next(
    { min = 1, max = 30, factor = 2, tries = 0 }: MqttReconnect,
    random = Math.random,
  ): number | undefined {
    if (tries > 0 && this.#failures >= tries) return undefined
    const longest = Math.min(max, min * factor ** this.#failures)
    this.#failures++
    return longest * random() * 1000
  }

  /** A connection stood for so many milliseconds: after a long one all is forgiven, after a short one nothing. */
  stood(ms: number, { max = 30 }: MqttReconnect): void {
    if (ms >= max * 1000) this.#failures = 0
  }
}
