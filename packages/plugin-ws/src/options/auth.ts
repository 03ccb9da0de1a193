/**
 * Who is admitted: 128.
 * @module
 */
import { JWT_SCHEMA, type JwtConfig } from '@unisock/jwt'
import { defineOption, type } from '@unisock/kernel/plugin'
import type { AdmissionRequest } from '../owner/admission.ts'
import { family } from './family.ts'

/** Who is admitted to a server. Any of them will do. */
export interface ServerAuth {
  /** Shown as `Authorization: Key …`, `Authorization: Bearer …` or the subprotocol `unisock.auth.…`. */
  keys?: readonly string[]
  /**
   * How JSON Web Tokens are verified, shown as keys are. Whoever shows a valid one is admitted, and WS_HANDSHAKE tells its
   * claims as `identity`.
   */
  jwt?: string | JwtConfig
  /**
   * Called for clients that show no key and no valid token; they are admitted when it returns, or resolves with, `true` or a mapping.
   * The mapping says who the client is: WS_HANDSHAKE tells it as `identity`.
   */
  handler?: (request: AdmissionRequest) => unknown
  /** Refuse the others before the handshake is done; else they are admitted with `auth_valid` false. @default true */
  required?: boolean
}

/** What a client shows: `Authorization: Key …` or `Authorization: Bearer …`. */
export interface ClientAuth {
  key?: string
  bearer?: string
}

export const WS_AUTH = defineOption({
  number: 128,
  name: 'WS_AUTH',
  family,
  schema: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      keys: {
        type: 'array',
        minItems: 1,
        maxItems: 10_000,
        items: { type: 'string', minLength: 1, maxLength: 4096 },
      },
      jwt: JWT_SCHEMA,
      handler: { isFunction: true },
      required: { type: 'boolean' },
      key: { type: 'string', minLength: 1, maxLength: 4096, pattern: '^[\\x21-\\x7e]+$' },
      bearer: { type: 'string', minLength: 1, maxLength: 16_384, pattern: '^[\\x21-\\x7e]+$' },
    },
    description:
      'On a server: the keys that admit a client, how tokens that do are verified, or the function that admits, and whether others are refused before the handshake is done. On a client: the key or bearer token that it shows.',
  },
  value: type<ServerAuth | ClientAuth>(),
  secret: true,
  check: oneSide,
})

function oneSide(value: ServerAuth & ClientAuth): void {
  const server = value.keys !== undefined || value.jwt !== undefined || value.handler !== undefined
  const client = Number(value.key !== undefined) + Number(value.bearer !== undefined)
  if (server && client > 0)
    throw new Error('keys, jwt and handler are for servers, key and bearer for clients')
  if (!server && client !== 1)
    throw new Error('give keys, jwt or a handler, or on a client either key or bearer')
  if (client > 0 && value.required !== undefined) throw new Error('required is for servers')
}
