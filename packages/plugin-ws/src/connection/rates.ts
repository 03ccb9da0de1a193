/**
 * How fast a peer may send: RATE_LIMIT_MESSAGES and RATE_LIMIT_BYTES on one connection.
 * @module
 */
import {
  type Connection,
  RATE_LIMIT_BYTES,
  RATE_LIMIT_MESSAGES,
  type RateLimit,
} from '@unisock/kernel/plugin'
import { TokenBucket } from '../limits/token-bucket.ts'

/** A full bucket for a limit; undefined without one. */
export function bucketFor(limit: RateLimit | undefined, now: number): TokenBucket | undefined {
  if (limit === undefined) return undefined
  const { rate, burst } = typeof limit === 'number' ? { rate: limit, burst: undefined } : limit
  return new TokenBucket(rate, burst ?? Math.max(1, rate), now)
}

export class Rates {
  readonly #messages: TokenBucket | undefined
  readonly #bytes: TokenBucket | undefined

  private constructor(messages: TokenBucket | undefined, bytes: TokenBucket | undefined) {
    this.#messages = messages
    this.#bytes = bytes
  }

  /** Undefined where nothing is limited. */
  static of(fd: Connection): Rates | undefined {
    const now = performance.now()
    const messages = bucketFor(fd.option(RATE_LIMIT_MESSAGES), now)
    const bytes = bucketFor(fd.option(RATE_LIMIT_BYTES), now)
    return messages || bytes ? new Rates(messages, bytes) : undefined
  }

  /** Counts a message; the limit that it exceeds, if one. */
  exceeded(bytes: number): string | undefined {
    const now = performance.now()
    if (this.#messages?.take(1, now) === false) return 'RATE_LIMIT_MESSAGES (261)'
    if (this.#bytes?.take(bytes, now) === false) return 'RATE_LIMIT_BYTES (262)'
    return undefined
  }
}
