/**
 * The token that a client shows (RFC 6750).
 * @module
 */
import { type JwtConfig, signJwt } from '@unisock/jwt'
import { SocketError } from '@unisock/kernel/plugin'
import type { ClientJwt } from '../jwt.ts'

/** Seconds that a token is valid for, where the option does not say. */
const LIFETIME = 300
/** A token that ends this soon, in seconds, is not shown any more. */
const MARGIN = 10

/** Gives the token of the moment. */
export type TokenSource = () => string

/** @throws {SocketError} `EINVAL` for what no token can be made of */
export function tokenSource(value: string | JwtConfig | ClientJwt): TokenSource {
  if (typeof value === 'string') return isToken(value) ? () => value : signing({ secret: value })
  if ('token' in value && value.token !== undefined) {
    const { token } = value
    return () => token
  }
  const { secret, privateKey } = value as ClientJwt
  if (secret === undefined && privateKey === undefined)
    throw invalid('a client needs a token, or a secret or privateKey to make one')
  return signing(value as ClientJwt)
}

/** RFC 7515 section 7.1: three parts, none of which a secret is likely to have. */
function isToken(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(text)
}

function signing(config: ClientJwt): TokenSource {
  const { claims = {}, expiresIn = LIFETIME, secret, privateKey, issuer, audience, keyId } = config
  const sign = (): string =>
    signJwt(claims, {
      expiresIn,
      ...(secret !== undefined && { secret }),
      ...(privateKey !== undefined && { privateKey }),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
      ...(keyId !== undefined && { keyId }),
    })
  let token: string
  try {
    token = sign()
  } catch (error) {
    throw invalid((error as Error).message)
  }
  const lasts = Math.max(1, expiresIn - MARGIN) * 1000
  let until = performance.now() + lasts
  return () => {
    if (performance.now() < until) return token
    token = sign()
    until = performance.now() + lasts
    return token
  }
}

function invalid(reason: string): SocketError {
  return new SocketError('EINVAL', `REST_JWT_SECRET (113): ${reason}`, { op: 'setOption' })
}
