/**
 * The JSON schemas of what stands between requests and handlers, for options and for routes.
 * @module
 */
import { boolean, type Schema, text } from '@unisock/kernel/plugin'
import { COMPRESSION_PROPERTIES } from '@unisock/plugin-http/core'
import type { MiddlewareName, NamedMiddleware } from './types.ts'

const NAMES: readonly MiddlewareName[] = ['request-id', 'helmet', 'cors', 'rate-limit', 'etag', 'compress']

/** RFC 9110 section 5.6.2. */
const TOKEN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
const tokens: Schema = { type: 'array', items: { type: 'string', pattern: TOKEN } }
/** `*`, `null`, or a scheme, a host that may begin with `*.`, and a port that may be `*`. */
const origin: Schema = {
  type: 'string',
  pattern:
    '^(\\*|null|[a-z][a-z0-9+.-]*://(\\*\\.)?([a-z0-9_-]+(\\.[a-z0-9_-]+)*|\\[[0-9a-f:.]+\\])(:(\\*|\\d{1,5}))?)$',
}

const cors: Record<string, Schema> = {
  origins: {
    description: 'Who may call: origins, patterns such as https://*.example.org, or * for all.',
    anyOf: [origin, { type: 'array', minItems: 1, items: origin }],
  },
  methods: { ...tokens, description: 'Methods that pages may use; without it those that the path has.' },
  headers: { ...tokens, description: 'Headers that pages may set; without it those that they ask for.' },
  exposed: { ...tokens, description: 'Response headers that pages may read.' },
  credentials: boolean('Pages may send cookies and the like.'),
  maxAge: { type: 'integer', minimum: 0, description: 'Seconds for which a browser need not ask again.' },
}

const limit: Record<string, Schema> = {
  max: { type: 'integer', minimum: 1, maximum: 1e9, description: 'Requests in a window.' },
  window: { type: 'integer', minimum: 1, maximum: 604_800, description: 'Seconds.' },
  key: {
    description: 'By what requests are counted.',
    anyOf: [
      { enum: ['ip', 'user'] },
      {
        type: 'object',
        required: ['header'],
        additionalProperties: false,
        properties: { header: { type: 'string', pattern: TOKEN } },
      },
    ],
  },
  per: { enum: ['router', 'route'], description: 'Whether all routes count together, or each for itself.' },
  allow: { type: 'array', items: text('An address, or a network such as 10.0.0.0/8: not counted.') },
  legacy: boolean('X-RateLimit-Limit, -Remaining and -Reset too.'),
  policy: { type: 'string', pattern: '^[A-Za-z0-9_.-]+$', description: 'What clients know it by.' },
}

const object = (properties: Record<string, Schema>, required: readonly string[]): Schema => ({
  type: 'object',
  required,
  additionalProperties: false,
  properties,
})

export const CORS_SCHEMA: Schema = object(cors, ['origins'])

const oneLimit = object(limit, ['max', 'window'])
export const RATE_LIMIT_SCHEMA: Schema = {
  anyOf: [oneLimit, { type: 'array', minItems: 1, maxItems: 8, items: oneLimit }],
}

/** What belongs to each name. */
const SETTINGS: Readonly<Record<NamedMiddleware['name'], Schema>> = {
  'request-id': object(
    {
      name: {},
      id: { enum: ['uuid', 'hex'] },
      header: { type: 'string', pattern: TOKEN, maxLength: 64 },
      trusted: { type: 'array', items: text('An address, or a network.') },
      sample: { type: 'number', minimum: 0, maximum: 1 },
    },
    [],
  ),
  // The package checks its own settings.
  helmet: {},
  cors: object({ name: {}, ...cors }, ['origins']),
  'rate-limit': object({ name: {}, ...limit }, ['max', 'window']),
  'basic-auth': object(
    {
      name: {},
      users: {
        type: 'object',
        minProperties: 1,
        // RFC 7617 section 2: no colon, no control characters.
        propertyNames: { pattern: '^[^:\\u0000-\\u001f\\u007f]*$' },
        additionalProperties: { type: 'string', pattern: '^[^\\u0000-\\u001f\\u007f]+$' },
      },
      realm: { type: 'string', pattern: '^[ !#-\\[\\]-~]+$' },
    },
    ['users'],
  ),
  etag: object({ name: {}, strength: { enum: ['weak', 'strong'] } }, []),
  compress: object({ name: {}, ...COMPRESSION_PROPERTIES }, []),
}

function listOf(names: readonly string[], settings: Readonly<Record<string, Schema>>): Schema {
  const named: Schema = {
    type: 'object',
    required: ['name'],
    properties: { name: { enum: Object.keys(settings) } },
    allOf: Object.entries(settings).map(([name, schema]) => ({
      if: { properties: { name: { const: name } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: schema,
    })),
  }
  return { type: 'array', items: { anyOf: [{ enum: names }, { isFunction: true }, named] } }
}

/** REST_MIDDLEWARE: names, names with settings, and functions. */
export const MIDDLEWARE_SCHEMA: Schema = listOf(NAMES, SETTINGS)

const { 'basic-auth': _passwords, ...openSettings } = SETTINGS
/** A route's: passwords are in REST_MIDDLEWARE alone, which reads back redacted. */
export const ROUTE_MIDDLEWARE_SCHEMA: Schema = listOf(NAMES, openSettings)

/** A route's own `middleware`, `cors` or `rateLimit`: `false` takes the router's away. */
export const orOff = (schema: Schema): Schema => ({ anyOf: [{ enum: [false] }, schema] })
