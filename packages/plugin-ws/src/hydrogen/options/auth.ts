/**
 * Who may connect, what each command asks for, and signatures: 441-444.
 * @module
 */
import { JWT_SCHEMA, type JwtConfig } from '@unisock/jwt'
import { defineOption, type } from '@unisock/kernel/plugin'
import type { VerifyRequest } from '../../owner/verify-question.ts'
import {
  checkName,
  checkPermission,
  checkPermissions,
  family,
  MODES,
  PERMISSIONS,
  SECRET,
  USER,
} from './family.ts'

/** A key, and whom it stands for. */
export interface HydrogenKey {
  key: string
  /** Without one the key is shared: once HYDROGEN_VERIFY is set it opens a connection, and a token says who it is. */
  user?: string
  /** `channel:action` patterns. @default ['*'] */
  permissions?: readonly string[]
  /** For this user's commands, in place of HYDROGEN_SIGNING's. */
  signingSecret?: string
}

/** How tokens are verified. Without `jwt` and `handler` keys alone say who it is. */
export interface HydrogenVerify {
  /**
   * Claims: `sub` is the user, `permissions` or else `scope` what is permitted, of which only `channel:action` patterns
   * count, and `exp` when that ends.
   */
  jwt?: string | JwtConfig
  /** Asked about what is neither a key nor a token of `jwt`. Undefined, or anything that is no identity: refused. */
  handler?: (request: VerifyRequest) => unknown
  /** False: who shows nothing is `anonymous`, and may do everything. @default HYDROGEN_CONFIG's AuthRequired, true */
  required?: boolean
  /** Who shows nothing in the handshake may show a token in the first command. @default false */
  firstMessage?: boolean
}

/** What a command asks for. */
export interface HydrogenAction {
  /** The permission; null or false: none. @default the command's own `channel:action` */
  permission?: string | null | false
  /** It has a signature. @default false */
  signed?: boolean
  /** It has a token in it. @default false */
  token?: boolean
}

export interface HydrogenSigning {
  /** Of users that have none of their own. */
  secret?: string
  /** Seconds that a signed timestamp may be off, either way; the first value holds as long as the server. @default 60 */
  window?: number
}

export const HYDROGEN_KEYS = defineOption({
  number: 441,
  name: 'HYDROGEN_KEYS',
  family,
  modes: MODES,
  schema: {
    type: 'array',
    maxItems: 10_000,
    items: {
      anyOf: [
        SECRET,
        {
          type: 'object',
          required: ['key'],
          additionalProperties: false,
          properties: { key: SECRET, user: USER, permissions: PERMISSIONS, signingSecret: SECRET },
        },
      ],
    },
    description: 'Keys that open a connection (Authorization: Key …), and whom they stand for.',
  },
  value: type<readonly (string | HydrogenKey)[]>(),
  default: [],
  secret: true,
  check: checkKeys,
})
export const HYDROGEN_VERIFY = defineOption({
  number: 442,
  name: 'HYDROGEN_VERIFY',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      jwt: JWT_SCHEMA,
      handler: { isFunction: true },
      required: { type: 'boolean' },
      firstMessage: { type: 'boolean' },
    },
    description: 'How tokens are verified, and whether they are asked for.',
  },
  value: type<HydrogenVerify>(),
  secret: true,
  check: checkVerify,
})
export const HYDROGEN_ACTIONS = defineOption({
  number: 443,
  name: 'HYDROGEN_ACTIONS',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    maxProperties: 10_000,
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      properties: {
        permission: { type: ['string', 'null', 'boolean'], not: { const: true } },
        signed: { type: 'boolean' },
        token: { type: 'boolean' },
      },
    },
    description:
      'What commands ask for, by channel:action, in which either may be *: a permission, a signature, a token in the message. The most specific one holds; the verbs of the channel system only heed patterns that name it.',
  },
  value: type<Readonly<Record<string, HydrogenAction>>>(),
  default: {},
  check: checkActions,
})
export const HYDROGEN_SIGNING = defineOption({
  number: 444,
  name: 'HYDROGEN_SIGNING',
  family,
  modes: MODES,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { secret: SECRET, window: { type: 'number', exclusiveMinimum: 0, maximum: 3600 } },
    description:
      'The secret that commands are signed with (HMAC-SHA256), and for how many seconds that is good.',
  },
  value: type<HydrogenSigning>(),
  default: {},
  secret: true,
})

function checkKeys(keys: readonly (string | HydrogenKey)[]): void {
  const seen = new Set<string>()
  for (const [i, entry] of keys.entries()) {
    const { key, permissions } = typeof entry === 'string' ? { key: entry } : entry
    if (seen.has(key)) throw new Error(`value[${i}] is a key that was listed before`)
    seen.add(key)
    checkPermissions(`value[${i}].permissions`, permissions)
  }
}

function checkVerify({ jwt, handler, firstMessage = false, required }: HydrogenVerify): void {
  if (!firstMessage) return
  if (jwt === undefined && handler === undefined)
    throw new Error('firstMessage needs jwt or a handler: a token that nobody verifies shows nothing')
  if (required === false) throw new Error('firstMessage is for servers that require authentication')
}

function checkActions(actions: Readonly<Record<string, HydrogenAction>>): void {
  for (const [pattern, { permission }] of Object.entries(actions)) {
    checkPermissions('value', [pattern])
    checkPermission(`value['${pattern}'].permission`, permission)
    for (const part of pattern.split(':')) checkName('value', part)
  }
}
