/**
 * Who may call a route: bearer tokens (RFC 6750) with the roles and scopes in them, and users with passwords.
 * @module
 */

import type { Claims, Verdict, Verifier } from '@unisock/jwt'
import { type BasicAuth, isBasic } from '../middleware/worker/basic-auth.ts'
import type { RouteAuth } from '../route.ts'

/** The numbers that {@link AUTH_STATUSES} gives the statuses. */
export const NONE = 0
export const VALID = 1
export const EXPIRED = 2
export const INVALID = 3
export const FORBIDDEN = 4

/** What was found out about who asks, and whether the route lets it in. */
export interface AuthResult {
  readonly admitted: boolean
  readonly status: number
  /** JSON text of the claims of a valid token. */
  readonly claims: string | null
  /** The name of a user with a password, or the subject of a valid token. */
  readonly user: string | undefined
  /** WWW-Authenticate of the response that refuses: RFC 6750 section 3, RFC 7617. */
  readonly challenges: readonly string[]
  readonly detail: string | undefined
}

export type Gate = (authorization: string | undefined) => AuthResult

const admitted = (status: number, claims: string | null = null, user?: string): AuthResult => ({
  admitted: true,
  status,
  claims,
  user,
  challenges: [],
  detail: undefined,
})

const ANYBODY = admitted(NONE)
const NO_TOKEN: AuthResult = {
  admitted: false,
  status: NONE,
  claims: null,
  user: undefined,
  challenges: ['Bearer'],
  detail: 'A bearer token is required',
}

/** The claims' text by the claims object, which the verifier keeps while it remembers the token. */
const texts = new WeakMap<Claims, string>()

/**
 * The check of one route.
 * @param verify The router's verifier; undefined while REST_JWT_SECRET is not set.
 * @param basic Users with passwords, who get in as well as those with tokens.
 */
export function createGate(
  auth: RouteAuth | undefined,
  verify: Verifier | undefined,
  basic?: BasicAuth,
): Gate | undefined {
  const wanted = auth ?? (verify || basic ? 'required' : 'none')
  if (wanted === 'none') return undefined
  const byToken = createTokenGate(wanted, verify)
  return basic ? withUsers(basic, wanted, verify ? byToken : undefined) : byToken
}

function createTokenGate(wanted: Exclude<RouteAuth, 'none'>, verify: Verifier | undefined): Gate | undefined {
  if (wanted === 'optional' && !verify) return undefined
  // Without a key no token can be worth anything: a route that asks for one stays shut.
  const check: Verifier = verify ?? (() => ({ status: 'invalid', reason: 'No key is configured' }))
  if (wanted === 'optional') return authorization => optional(check, authorization)
  const rules = typeof wanted === 'object' ? wanted : {}
  return authorization => required(check, rules, authorization)
}

/** Passwords are looked at where they are what the client shows; they bring neither roles nor scopes. */
function withUsers(basic: BasicAuth, wanted: Exclude<RouteAuth, 'none'>, byToken: Gate | undefined): Gate {
  const { challenge } = basic
  const challenges = byToken ? [challenge, 'Bearer'] : [challenge]
  const refuse = (status: number, detail: string): AuthResult => ({
    admitted: wanted === 'optional',
    status,
    claims: null,
    user: undefined,
    challenges,
    detail,
  })
  const nobody = refuse(NONE, byToken ? 'A password or a bearer token is required' : 'A password is required')
  const wrong = refuse(INVALID, 'The user name or the password is wrong')
  return authorization => {
    if (authorization === undefined) return nobody
    if (!isBasic(authorization)) return byToken?.(authorization) ?? nobody
    const user = basic.userOf(authorization)
    if (user === undefined) return wrong
    return typeof wanted === 'object'
      ? { ...refuse(FORBIDDEN, 'Needs a token with roles or scopes'), challenges: ['Bearer'], user }
      : admitted(VALID, null, user)
  }
}

function optional(verify: Verifier, authorization: string | undefined): AuthResult {
  const token = bearerToken(authorization)
  if (token === undefined) return ANYBODY
  const verdict = verify(token)
  return verdict.status === 'valid'
    ? admitted(VALID, textOf(verdict.claims), subjectOf(verdict.claims))
    : admitted(verdict.status === 'expired' ? EXPIRED : INVALID)
}

function required(
  verify: Verifier,
  rules: { roles?: string[]; scopes?: string[] },
  authorization: string | undefined,
): AuthResult {
  const token = bearerToken(authorization)
  if (token === undefined) return NO_TOKEN
  const verdict = verify(token)
  if (verdict.status !== 'valid') return refused(verdict)
  const claims = textOf(verdict.claims)
  const user = subjectOf(verdict.claims)
  if (rules.roles && !hasRole(verdict.claims, rules.roles))
    return forbidden(claims, user, `Needs one of the roles ${rules.roles.join(', ')}`, '')
  if (rules.scopes && !hasScopes(verdict.claims, rules.scopes))
    return forbidden(
      claims,
      user,
      `Needs the scopes ${rules.scopes.join(', ')}`,
      `, scope="${rules.scopes.join(' ')}"`,
    )
  return admitted(VALID, claims, user)
}

function refused(verdict: Exclude<Verdict, { status: 'valid' }>): AuthResult {
  return {
    admitted: false,
    status: verdict.status === 'expired' ? EXPIRED : INVALID,
    claims: null,
    user: undefined,
    challenges: [`Bearer error="invalid_token", error_description="${verdict.reason}"`],
    detail: verdict.reason,
  }
}

function forbidden(claims: string, user: string | undefined, detail: string, scope: string): AuthResult {
  return {
    admitted: false,
    status: FORBIDDEN,
    claims,
    user,
    challenges: [`Bearer error="insufficient_scope"${scope}`],
    detail,
  }
}

/** RFC 6750 section 2.1; the scheme's name is case-insensitive (RFC 9110 section 11.1). */
function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length < 8 || authorization.charCodeAt(6) !== 0x20)
    return undefined
  if (authorization.slice(0, 6).toLowerCase() !== 'bearer') return undefined
  return authorization.slice(7).trim()
}

function textOf(claims: Claims): string {
  let text = texts.get(claims)
  if (text === undefined) {
    text = JSON.stringify(claims)
    texts.set(claims, text)
  }
  return text
}

function subjectOf({ sub }: Claims): string | undefined {
  return typeof sub === 'string' ? sub : undefined
}

function hasRole(claims: Claims, roles: readonly string[]): boolean {
  const held = listOf(claims.roles ?? claims.role)
  return roles.some(role => held.includes(role))
}

function hasScopes(claims: Claims, scopes: readonly string[]): boolean {
  const { scope, scopes: list } = claims
  const held = typeof scope === 'string' ? scope.split(' ') : listOf(scope ?? list)
  return scopes.every(wanted => held.includes(wanted))
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  return value === undefined ? [] : [value]
}
