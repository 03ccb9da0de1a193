/**
 * What JSON Web Tokens (RFC 7519) and the settings for them look like.
 * @module
 */

export const JWT_ALGORITHMS = ['HS256', 'RS256', 'ES256'] as const

export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number]

export type Claims = Record<string, unknown>

/** A JSON Web Key (RFC 7517 section 4). */
export interface Jwk {
  kty: string
  kid?: string
  alg?: string
  use?: string
  [member: string]: unknown
}

/** How tokens are verified. Exactly one of `secret`, `publicKey` and `jwks` says with which key. */
export interface JwtConfig {
  /** The shared secret of HS256. */
  secret?: string
  /** A public key or certificate for RS256 or ES256: PEM text. */
  publicKey?: string
  /** Several keys, chosen by the token's `kid` (RFC 7517 section 5). */
  jwks?: { keys: Jwk[] }
  /** What a token's `alg` may be. @default what the keys are made for */
  algorithms?: JwtAlgorithm[]
  /** The token must have one of these as `iss`. */
  issuer?: string | string[]
  /** The token must name one of these in `aud`. */
  audience?: string | string[]
  /** Seconds by which clocks may differ. @default 0 */
  clockTolerance?: number
}
