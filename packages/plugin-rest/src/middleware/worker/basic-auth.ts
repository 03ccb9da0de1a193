/**
 * User names and passwords (RFC 7617).
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { BasicAuthSettings } from '../types.ts'

/** RFC 7617 section 2: neither may have control characters. */
const CONTROL = /\p{Cc}/u

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Passwords are compared by their digests under a key that nobody knows: in the same time, whatever they are. */
export class BasicAuth {
  readonly challenge: string
  readonly #key = randomBytes(32)
  readonly #users: ReadonlyMap<string, Buffer>
  /** What the password of a user there is none of is compared with. */
  readonly #nobody = randomBytes(32)

  constructor({ users, realm = 'api' }: BasicAuthSettings) {
    this.challenge = `Basic realm="${realm}", charset="UTF-8"`
    this.#users = new Map(Object.entries(users).map(([user, password]) => [user, this.#digest(password)]))
  }

  /** The user whose name and password an Authorization field has; undefined where they are wrong. */
  userOf(authorization: string): string | undefined {
    const pair = decode(authorization.slice(6).trim())
    const colon = pair.indexOf(':')
    if (colon < 0 || CONTROL.test(pair)) return undefined
    const user = pair.slice(0, colon)
    const expected = this.#users.get(user)
    const same = timingSafeEqual(this.#digest(pair.slice(colon + 1)), expected ?? this.#nobody)
    return same && expected !== undefined ? user : undefined
  }

  #digest(password: string): Buffer {
    return createHmac('sha256', this.#key).update(password).digest()
  }
}

/** The scheme's name is case-insensitive (RFC 9110 section 11.1). */
export function isBasic(authorization: string | undefined): authorization is string {
  return authorization !== undefined && authorization.slice(0, 6).toLowerCase() === 'basic '
}

/** '' for what is not base64 of UTF-8. */
function decode(text: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return ''
  try {
    return decoder.decode(Buffer.from(text, 'base64'))
  } catch {
    return ''
  }
}
