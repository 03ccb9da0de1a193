/**
 * What a client shows to prove who it is.
 * @module
 */
import { KeyRing } from '../auth/keys.ts'
import { TOKEN_PREFIX } from './subprotocols.ts'

export interface Credentials {
  token: string
  /** The scheme of `Authorization` in lower case, or `protocol`. */
  scheme: string
}

/** From `Authorization` (RFC 9110 section 11.4), else from the subprotocols. */
export function credentialsOf(
  authorization: string | undefined,
  offered: readonly string[],
): Credentials | undefined {
  if (authorization !== undefined) {
    const space = authorization.indexOf(' ')
    if (space <= 0) return undefined
    const token = authorization.slice(space + 1).trim()
    return token === '' ? undefined : { token, scheme: authorization.slice(0, space).toLowerCase() }
  }
  const shown = offered.find(name => name.startsWith(TOKEN_PREFIX))
  if (shown === undefined || shown.length === TOKEN_PREFIX.length) return undefined
  return { token: shown.slice(TOKEN_PREFIX.length), scheme: 'protocol' }
}

/** A key is shown under these; the token of another scheme is no key. */
const KEY_SCHEMES: ReadonlySet<string> = new Set(['key', 'bearer', 'protocol'])

/** Whether what is shown under this scheme may be a key. */
export function isKeyScheme(scheme: string): boolean {
  return KEY_SCHEMES.has(scheme)
}

/** The keys of WS_AUTH, compared in a time that tells nothing of them. */
export class Keys {
  readonly #ring = new KeyRing<true>()

  constructor(keys: readonly string[]) {
    for (const key of keys) this.#ring.add(key, true)
  }

  admits({ token, scheme }: Credentials): boolean {
    return isKeyScheme(scheme) && this.#ring.find(token) !== undefined
  }
}
