/**
 * Whom a token stands for, out of what the program or the token says.
 * @module
 */
import { isPattern } from './permissions.ts'

/** Who somebody is. */
export interface Identity {
  readonly user: string
  /** `channel:action` patterns; see `permissions.ts`. */
  readonly permissions: readonly string[]
}

/** An identity as it was verified. */
export interface AdmittedIdentity extends Identity {
  /** Milliseconds since 1970. */
  readonly expires?: number | undefined
  /** What this user's commands are signed with. */
  readonly signingSecret?: string | undefined
}

type Mapping = Readonly<Record<string, unknown>>

const MAX_USER_LENGTH = 256

/** What the program's function returned. @throws {TypeError} naming what is no part of an identity. */
export function identityOf(said: Mapping): AdmittedIdentity {
  const { user, permissions = [], expires, signingSecret } = said
  if (!isUser(user)) throw new TypeError('the identity has no user: a string of 1 to 256 characters')
  if (!Array.isArray(permissions) || !permissions.every(isPattern))
    throw new TypeError('permissions is no array of channel:action patterns')
  if (expires !== undefined && !Number.isFinite(expires))
    throw new TypeError('expires is no number of milliseconds since 1970')
  if (signingSecret !== undefined && (typeof signingSecret !== 'string' || signingSecret === ''))
    throw new TypeError('signingSecret is no string, or empty')
  return {
    user,
    permissions,
    ...(expires !== undefined && { expires: expires as number }),
    ...(signingSecret !== undefined && { signingSecret }),
  }
}

/**
 * Of a token's claims (RFC 7519 section 4.1; `scope`: RFC 8693 section 4.2); undefined where they name nobody. Scopes
 * that are no `channel:action` patterns concern somebody else.
 *
 * @param tolerance Milliseconds by which clocks may differ.
 */
export function identityOfClaims(
  { sub, permissions, scope, exp }: Mapping,
  tolerance = 0,
): AdmittedIdentity | undefined {
  if (!isUser(sub)) return undefined
  const held = Array.isArray(permissions) ? permissions : typeof scope === 'string' ? scope.split(' ') : []
  return {
    user: sub,
    permissions: held.filter(isPattern),
    ...(typeof exp === 'number' && { expires: exp * 1000 + tolerance }),
  }
}

function isUser(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_USER_LENGTH
}
