/**
 * Options of HTTP and REST clients alone: 101-107, 223, 224, 234 and 235. All times are in milliseconds.
 * @module
 */
import { boolean, defineOption, integer, type } from '@unisock/kernel/plugin'
import type { HttpClientBody } from './body.ts'

const family = 'http'
/** HTTP_CLIENT, HTTPS_CLIENT and REST_CLIENT. */
const modes = [22, 23, 25]

const httpUrl = {
  type: 'string',
  minLength: 1,
  maxLength: 2048,
  pattern: '^[Hh][Tt][Tt][Pp][Ss]?://[^\\s]+$',
}
const token = { type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" }

/** HTTP_PROXY's value. */
export interface HttpProxy {
  /** `http://host:port`, or `https://` for TLS to the proxy itself. */
  url: string
  username?: string
  password?: string
  /** Hosts that are reached directly: `example.org` with the names below it, an address, `host:port`, or `*`. */
  bypass?: string[]
}

/** HTTP_RETRY's value. */
export interface HttpRetry {
  /** How many times a request is sent again. 0: never. @default 1 */
  tries?: number
  /** Methods whose requests may be sent again (RFC 9110 section 9.2.2). @default the idempotent ones */
  methods?: string[]
  /** Statuses that are tried again like a lost connection. @default [] */
  statuses?: number[]
  /** Milliseconds before the first time, doubled with each. @default 100 */
  minDelay?: number
  /** Milliseconds at most, also of a server's Retry-After; one that asks for more has its response handed on. @default 10000 */
  maxDelay?: number
}

export const HTTP_METHOD = defineOption({
  number: 101,
  name: 'HTTP_METHOD',
  family,
  modes,
  schema: {
    ...token,
    description: 'The method of requests that name none. Without it: POST for those with a body, else GET.',
  },
  value: type<string>(),
})
export const HTTP_URL = defineOption({
  number: 102,
  name: 'HTTP_URL',
  family,
  modes,
  schema: { ...httpUrl, description: 'What requests are relative to, where connect names nothing.' },
  value: type<string>(),
})
export const HTTP_BODY = defineOption({
  number: 103,
  name: 'HTTP_BODY',
  family,
  modes,
  schema: {
    description: 'The body of requests that have none and whose method takes one: text, bytes, or JSON.',
  },
  value: type<Exclude<HttpClientBody, null>>(),
})
export const HTTP_USER_AGENT = defineOption({
  number: 105,
  name: 'HTTP_USER_AGENT',
  family,
  modes,
  schema: {
    type: 'string',
    maxLength: 1024,
    pattern: '^[\\t\\x20-\\x7e]*$',
    description: 'The User-Agent of requests. Empty: none is sent.',
  },
  value: type<string>(),
  default: 'unisock',
})
export const HTTP_FOLLOW_REDIRECTS = defineOption({
  number: 106,
  name: 'HTTP_FOLLOW_REDIRECTS',
  family,
  modes,
  schema: boolean('Redirects are followed; else they are responses like others.'),
  value: type<boolean>(),
  default: true,
})
export const HTTP_MAX_REDIRECTS = defineOption({
  number: 107,
  name: 'HTTP_MAX_REDIRECTS',
  family,
  modes,
  schema: integer('Redirects that are followed for one request; one more fails it.', 0, 20),
  value: type<number>(),
  default: 5,
})
export const HTTP_INSECURE_REDIRECTS = defineOption({
  number: 235,
  name: 'HTTP_INSECURE_REDIRECTS',
  family,
  modes: [22, 25],
  schema: boolean('Redirects from https:// to http:// are followed too; else they fail the request.'),
  value: type<boolean>(),
  default: false,
})
export const HTTP_CACHE_TYPE = defineOption({
  number: 234,
  name: 'HTTP_CACHE_TYPE',
  family,
  modes,
  schema: {
    enum: ['shared', 'private'],
    description:
      'Whose responses CACHE_ENABLE stores: of several users, by the rules for shared caches, or of one (RFC 9111).',
  },
  value: type<'shared' | 'private'>(),
  default: 'shared',
})
export const HTTP_PROXY = defineOption({
  number: 223,
  name: 'HTTP_PROXY',
  family,
  modes,
  schema: {
    description: 'The proxy that requests go through: its URL, or more about it. https:// is tunnelled.',
    anyOf: [
      httpUrl,
      {
        type: 'object',
        required: ['url'],
        additionalProperties: false,
        properties: {
          url: httpUrl,
          username: { type: 'string' },
          password: { type: 'string' },
          bypass: { type: 'array', items: { type: 'string', minLength: 1 } },
        },
      },
    ],
  },
  value: type<string | HttpProxy>(),
  secret: true,
})
export const HTTP_RETRY = defineOption({
  number: 224,
  name: 'HTTP_RETRY',
  family,
  modes,
  schema: {
    description: 'How often requests are sent again whose connection was lost, and which.',
    anyOf: [
      { type: 'integer', minimum: 0, maximum: 20 },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          tries: { type: 'integer', minimum: 0, maximum: 20 },
          methods: { type: 'array', items: token },
          statuses: { type: 'array', items: { type: 'integer', minimum: 400, maximum: 599 } },
          minDelay: { type: 'integer', minimum: 0, maximum: 600_000 },
          maxDelay: { type: 'integer', minimum: 0, maximum: 600_000 },
        },
      },
    ],
  },
  value: type<number | HttpRetry>(),
  default: { tries: 1 },
})
