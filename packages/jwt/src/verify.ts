/**
 * Checking tokens.
 * @module
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { type FastJwt, fastJwt } from './fast-jwt.ts'
import type { Claims, Jwk, JwtAlgorithm, JwtConfig } from './types.ts'

/** The verdict on a token; `claims` is there only when it is valid. */
export type Verdict =
  | { readonly status: 'valid'; readonly claims: Claims }
  | { readonly status: 'expired' | 'invalid'; readonly reason: string }

export type Verifier = (token: string) => Verdict

interface Key {
  readonly kid: string | undefined
  /** PEM text, or the bytes of a secret. */
  readonly material: string | Buffer
  readonly algorithms: readonly JwtAlgorithm[]
}

/** RFC 7518 section 3.2: a key of at least the size of the hash output. */
const SECRET_BYTES = 32

/** True when an HS256 secret is shorter than RFC 7518 asks for. */
export function isShortSecret(config: string | JwtConfig): boolean {
  const secret = typeof config === 'string' ? config : config.secret
  return secret !== undefined && Buffer.byteLength(secret) < SECRET_BYTES
}

/**
 * Builds the check by a secret, or by what the settings say. What it accepts is settled here, never by the token: an `alg`
 * that does not belong to the key's type is refused, and `none` belongs to none.
 *
 * @throws {Error} saying which key or setting does not fit.
 */
export function createVerifier(config: string | JwtConfig): Verifier {
  const settings = typeof config === 'string' ? { secret: config } : config
  const keys = keysOf(settings)
  const library = fastJwt()
  const checks = keys.map(key => ({ kid: key.kid, check: checkOf(library, key, settings) }))
  if (settings.jwks === undefined) return checks[0]!.check

  const decode = library.createDecoder({ complete: true })
  return token => {
    let kid: unknown
    try {
      kid = decode(token).header.kid
    } catch {
      return { status: 'invalid', reason: 'The token is malformed' }
    }
    const chosen =
      kid === undefined && checks.length === 1 ? checks[0] : checks.find(candidate => candidate.kid === kid)
    return chosen ? chosen.check(token) : { status: 'invalid', reason: 'The token names no known key' }
  }
}

function checkOf(library: FastJwt, key: Key, settings: JwtConfig): Verifier {
  const required = [
    ...(settings.issuer === undefined ? [] : ['iss']),
    ...(settings.audience === undefined ? [] : ['aud']),
  ]
  const verify = library.createVerifier({
    key: key.material as string,
    algorithms: [...key.algorithms],
    cache: true,
    clockTolerance: (settings.clockTolerance ?? 0) * 1000,
    // A claim that is not there passes fast-jwt's own check of its value.
    requiredClaims: required,
    ...(settings.issuer !== undefined && { allowedIss: settings.issuer }),
    ...(settings.audience !== undefined && { allowedAud: settings.audience }),
  })
  return token => {
    try {
      const claims: unknown = verify(token)
      if (typeof claims !== 'object' || claims === null)
        return { status: 'invalid', reason: 'The token has no claims' }
      return { status: 'valid', claims: claims as Claims }
    } catch (error) {
      return faultOf(error as { code?: string })
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  FAST_JWT_EXPIRED: 'The token has expired',
  FAST_JWT_INACTIVE: 'The token is not valid yet',
  FAST_JWT_INVALID_SIGNATURE: 'The signature is not right',
  FAST_JWT_MISSING_SIGNATURE: 'The signature is missing',
  FAST_JWT_INVALID_ALGORITHM: 'The algorithm is not accepted',
  FAST_JWT_INVALID_CLAIM_VALUE: 'A claim is not accepted',
  FAST_JWT_MISSING_REQUIRED_CLAIM: 'A required claim is missing',
}

function faultOf(error: { code?: string }): Verdict {
  const reason = REASONS[error.code ?? ''] ?? 'The token is malformed'
  return { status: error.code === 'FAST_JWT_EXPIRED' ? 'expired' : 'invalid', reason }
}

function keysOf(settings: JwtConfig): Key[] {
  if (settings.secret !== undefined) return [secretKey(settings.secret, settings.algorithms)]
  if (settings.publicKey !== undefined)
    return [publicKey(readKey(settings.publicKey), settings.algorithms, 'publicKey')]
  const keys = (settings.jwks?.keys ?? [])
    .filter(jwk => jwk.use === undefined || jwk.use === 'sig')
    .map((jwk, index) => jwkKey(jwk, settings.algorithms, `jwks.keys[${index}]`))
  if (keys.length === 0) throw new Error('jwks: no key for signatures')
  return keys
}

function secretKey(secret: string, algorithms: readonly JwtAlgorithm[] | undefined): Key {
  // A public key taken for a secret would let everybody who has read it sign tokens.
  if (secret.includes('-----BEGIN')) throw new Error('secret: is a PEM key; give it as { publicKey }')
  return { kid: undefined, material: secret, algorithms: fit(['HS256'], algorithms, 'secret') }
}

function readKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem)
  } catch (error) {
    throw new Error(`publicKey: not a PEM public key or certificate (${(error as Error).message})`)
  }
}

function publicKey(key: KeyObject, algorithms: readonly JwtAlgorithm[] | undefined, at: string): Key {
  return {
    kid: undefined,
    material: key.export({ type: 'spki', format: 'pem' }) as string,
    algorithms: fit([algorithmOf(key, at)], algorithms, at),
  }
}

function algorithmOf(key: KeyObject, at: string): JwtAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return 'RS256'
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new Error(`${at}: RS256 needs an RSA key and ES256 a P-256 key; this is ${key.asymmetricKeyType}`)
}

function jwkKey(jwk: Jwk, algorithms: readonly JwtAlgorithm[] | undefined, at: string): Key {
  if (jwk.kty === 'oct') {
    if (typeof jwk.k !== 'string') throw new Error(`${at}: an oct key needs k`)
    return {
      kid: jwk.kid,
      material: Buffer.from(jwk.k, 'base64url'),
      algorithms: fit(['HS256'], algorithms, at),
    }
  }
  let key: KeyObject
  try {
    key = createPublicKey({ key: jwk as any, format: 'jwk' })
  } catch (error) {
    throw new Error(`${at}: not a JSON Web Key (${(error as Error).message})`)
  }
  return { ...publicKey(key, algorithms, at), kid: jwk.kid }
}

function fit(
  able: readonly JwtAlgorithm[],
  wanted: readonly JwtAlgorithm[] | undefined,
  at: string,
): readonly JwtAlgorithm[] {
  if (wanted === undefined) return able
  const both = able.filter(algorithm => wanted.includes(algorithm))
  if (both.length === 0)
    throw new Error(
      `${at}: this key is made for ${able.join(', ')}, but algorithms allows only ${wanted.join(', ')}`,
    )
  return both
}
