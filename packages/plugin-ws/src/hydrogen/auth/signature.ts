/**
 * Signatures of commands that are marked sensitive: HMAC-SHA256 (RFC 2104) over what was sent, good once and for a
 * short while.
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { ExpiringMap } from '@unisock/kernel/plugin'

/** What is signed. None of the names has a control character: the envelope's parser has seen to that. */
export interface SignedParts {
  readonly id: string
  /** ISO 8601, as sent. */
  readonly timestamp: string
  readonly channel: string
  readonly action: string
  /** The JSON text of `data`, byte for byte as sent; empty where there is none. */
  readonly data: string
}

/** 32 bytes in hexadecimal. */
const HEX_LENGTH = 64

function hmac(secret: string, { id, timestamp, channel, action, data }: SignedParts): Buffer {
  return createHmac('sha256', secret)
    .update(`${id}\n${timestamp}\n${channel}\n${action}\n`)
    .update(data)
    .digest()
}

/** The signature, in hexadecimal: what a client puts into `auth.signature`. */
export function sign(secret: string, parts: SignedParts): string {
  return hmac(secret, parts).toString('hex')
}

export type SignatureFault =
  | 'signature_missing'
  | 'signature_invalid'
  | 'signature_stale'
  | 'signature_replayed'
  | 'busy'

export interface SignatureOptions {
  /** Milliseconds a timestamp may be off, either way. @default 60000 */
  window?: number
  /** Signatures remembered so that none is good twice; above that, all are refused for a while. @default 100000 */
  max?: number
  /** The wall clock, which the client's timestamps are compared with. */
  wallClock?: () => number
}

export class SignatureVerifier {
  readonly #window: number
  readonly #wallClock: () => number
  readonly #used: ExpiringMap<string, true>

  constructor({ window = 60_000, max = 100_000, wallClock = Date.now }: SignatureOptions = {}) {
    this.#window = window
    this.#wallClock = wallClock
    // A timestamp from the future stays fresh for that much longer.
    this.#used = new ExpiringMap(2 * window + 1, max)
  }

  /** Signatures that are remembered. */
  get remembered(): number {
    return this.#used.size
  }

  /** What is wrong with the signature; undefined: nothing, and it will not be good again. */
  verify(secret: string, parts: SignedParts, signature: string | undefined): SignatureFault | undefined {
    if (signature === undefined) return 'signature_missing'
    if (signature.length !== HEX_LENGTH) return 'signature_invalid'
    const given = Buffer.from(signature, 'hex')
    const expected = hmac(secret, parts)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'signature_invalid'
    const now = this.#wallClock()
    const time = Date.parse(parts.timestamp)
    if (!(Math.abs(now - time) <= this.#window)) return 'signature_stale'
    const name = expected.toString('latin1')
    if (this.#used.get(name, now)) return 'signature_replayed'
    if (this.#used.full(now)) return 'busy'
    this.#used.set(name, true, now)
    return undefined
  }
}
