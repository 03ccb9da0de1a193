/**
 * The settings as a JSON schema, for options that take them.
 * @module
 */
import { JWT_ALGORITHMS } from './types.ts'

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const
const names = { type: 'array', minItems: 1, items: { type: 'string', minLength: 1 } } as const

/** Of a {@link JwtConfig}, or of a secret alone. */
export const JWT_SCHEMA = {
  anyOf: [
    text('The shared secret of HS256; RFC 7518 asks for 32 bytes or more.'),
    {
      type: 'object',
      additionalProperties: false,
      properties: {
        secret: text('The shared secret of HS256.'),
        publicKey: text('A public key or certificate for RS256 or ES256: PEM text.'),
        jwks: {
          type: 'object',
          required: ['keys'],
          properties: {
            keys: { type: 'array', minItems: 1, items: { type: 'object', required: ['kty'] } },
          },
        },
        algorithms: { type: 'array', minItems: 1, items: { enum: JWT_ALGORITHMS } },
        issuer: { anyOf: [text('Accepted iss.'), names] },
        audience: { anyOf: [text('Accepted aud.'), names] },
        clockTolerance: { type: 'number', minimum: 0, maximum: 3600, description: 'Seconds.' },
      },
      oneOf: [{ required: ['secret'] }, { required: ['publicKey'] }, { required: ['jwks'] }],
    },
  ],
} as const
