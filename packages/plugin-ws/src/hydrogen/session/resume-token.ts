/**
 * What a client shows to get its session back: `<session>.<generation>.<code>`, the code an HMAC-SHA256 (RFC 2104) under
 * the session's own secret. A token that was ever issued is recognised, without any being kept.
 * @module
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export interface TokenClaims {
  readonly session: string
  readonly generation: number
}

const MAX_LENGTH = 256
const CODE_BYTES = 32

function codeOf(secret: string, user: string, session: string, generation: number): Buffer {
  return createHmac('sha256', Buffer.from(secret, 'base64url'))
    .update(`${session}\n${generation}\n${user}`)
    .digest()
}

export function issueToken(secret: string, user: string, session: string, generation: number): string {
  return `${session}.${generation}.${codeOf(secret, user, session, generation).toString('base64url')}`
}

/** What a token claims; whether that is true is for `isIssued` to say. */
export function readToken(token: string): TokenClaims | undefined {
  if (token.length > MAX_LENGTH) return undefined
  const [session, digits, code, ...rest] = token.split('.')
  if (!session || !digits || !code || rest.length > 0) return undefined
  const generation = Number(digits)
  if (!Number.isSafeInteger(generation) || generation < 1 || String(generation) !== digits) return undefined
  return { session, generation }
}

/** Whether this token was issued for this user's session. */
export function isIssued(token: string, secret: string, user: string): boolean {
  const claims = readToken(token)
  if (claims === undefined) return false
  const given = Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')
  if (given.length !== CODE_BYTES) return false
  return timingSafeEqual(given, codeOf(secret, user, claims.session, claims.generation))
}
