/**
 * REST_JWT_SECRET on a client: the token it shows, or what it makes tokens with.
 * @module
 */
import type { Claims } from '@unisock/jwt'

/** Either `token`, or `secret` or `privateKey` with what its tokens say. */
export interface ClientJwt {
  /** Shown as it is. */
  token?: string
  /** The shared secret of HS256. */
  secret?: string
  /** A private key for RS256 or ES256: PEM text. */
  privateKey?: string
  claims?: Claims
  /** Seconds that a token is valid for; another is made before it ends. @default 300 */
  expiresIn?: number
  issuer?: string
  audience?: string | string[]
  keyId?: string
}

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const

/** Of a {@link ClientJwt}. */
export const CLIENT_JWT_SCHEMA = {
  type: 'object',
  description: 'On a client: the token that it shows, or what it makes tokens with.',
  additionalProperties: false,
  properties: {
    token: { type: 'string', pattern: '^[\\x21-\\x7e]+$', description: 'A bearer token.' },
    secret: text('The shared secret of HS256.'),
    privateKey: text('A private key for RS256 or ES256: PEM text.'),
    claims: { type: 'object' },
    expiresIn: { type: 'integer', minimum: 1, maximum: 31_536_000, description: 'Seconds.' },
    issuer: text('The tokens’ iss.'),
    audience: { anyOf: [text('The tokens’ aud.'), { type: 'array', items: { type: 'string' } }] },
    keyId: text('The tokens’ kid.'),
  },
  oneOf: [{ required: ['token'] }, { required: ['secret'] }, { required: ['privateKey'] }],
} as const

/** Keys that no server has a use for. */
const CLIENT_KEYS = ['token', 'privateKey', 'claims', 'expiresIn', 'keyId'] as const

/** @throws {Error} for a value that is a client's */
export function assertServerJwt(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  const found = CLIENT_KEYS.find(key => key in value)
  if (found !== undefined) throw new Error(`${found} is for clients: a server verifies tokens`)
}
