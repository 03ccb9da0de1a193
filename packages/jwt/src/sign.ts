/**
 * Making tokens.
 * @module
 */
import { fastJwt } from './fast-jwt.ts'
import type { Claims, JwtAlgorithm } from './types.ts'

export interface SignJwtOptions {
  /** The shared secret of HS256. */
  secret?: string
  /** A private key for RS256 or ES256: PEM text. */
  privateKey?: string
  /** @default HS256 with a secret; what the private key is made for otherwise */
  algorithm?: JwtAlgorithm
  /** Seconds from now. */
  expiresIn: number
  issuer?: string
  audience?: string | string[]
  /** The key's id, for a verifier with several keys. */
  keyId?: string
}

/**
 * Makes a signed token (RFC 7519) with `iat` and `exp`.
 *
 * @throws {TypeError} when the key is missing or does not fit the algorithm, or `expiresIn` is no positive
 * number.
 * @example signJwt({ sub: 'ann', roles: ['admin'] }, { secret, expiresIn: 3600 })
 */
export function signJwt(claims: Claims, options: SignJwtOptions): string {
  const { secret, privateKey, algorithm, expiresIn, issuer, audience, keyId } = options
  if ((secret === undefined) === (privateKey === undefined))
    throw new TypeError('signJwt: give either secret or privateKey')
  if (!Number.isFinite(expiresIn) || expiresIn <= 0)
    throw new TypeError(`signJwt: expiresIn must be a positive number of seconds, got ${expiresIn}`)
  if (algorithm !== undefined && (algorithm === 'HS256') !== (secret !== undefined))
    throw new TypeError(`signJwt: ${algorithm} needs a ${algorithm === 'HS256' ? 'secret' : 'privateKey'}`)
  if (secret?.includes('-----BEGIN'))
    throw new TypeError('signJwt: the secret is a PEM key; give a private key as privateKey')

  try {
    const sign = fastJwt().createSigner({
      key: (secret ?? privateKey) as string,
      expiresIn: Math.round(expiresIn * 1000),
      ...(secret === undefined ? algorithm && { algorithm } : { algorithm: 'HS256' as const }),
      ...(issuer !== undefined && { iss: issuer }),
      ...(audience !== undefined && { aud: audience }),
      ...(keyId !== undefined && { kid: keyId }),
    })
    return sign(claims)
  } catch (error) {
    throw new TypeError(`signJwt: ${(error as Error).message}`, { cause: error })
  }
}
