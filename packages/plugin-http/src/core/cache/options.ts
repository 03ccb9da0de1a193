/**
 * Options of the response cache: 200-212. All times are in seconds, sizes in bytes.
 * @module
 */
import { boolean, defineOption, integer, type } from '@unisock/kernel/plugin'
import { encodingsSchema, thresholdSchema } from '../answer/schemas.ts'
import { flattenHeaders } from '../headers.ts'
import { compileKey } from './key-pattern.ts'

const family = 'cache'
/** HTTP_SERVER, HTTPS_SERVER and REST_SERVER: a client's cache takes 200-202 and 205 only. */
const modes = [20, 21, 24]
const MAX_SECONDS = 86_400

/** The methods whose responses may be stored. */
export type CacheMethod = 'GET' | 'HEAD' | 'POST'

/** Content codings (RFC 9110 section 8.4.1) that stored responses are kept in beside their own form. */
export type CacheEncoding = 'br' | 'zstd' | 'gzip'

export interface CacheCompression {
  /** The first that the client takes is sent. @default ['br', 'gzip'] */
  encodings?: readonly CacheEncoding[]
  /** Bytes of a body below which it is sent as it is. @default 1024 */
  minSize?: number
}

/** The worker's memory, or beside it a keeper's store: caches of one name share what is in it. */
export type CacheStore = 'memory' | { shared: string }

/** What CACHE_STATISTICS is queried for: counts since the listener began. */
export interface CacheStatistics {
  /** Answered from the cache, stale ones included. */
  hits: number
  /** Handed to the program because nothing stored would do. */
  misses: number
  /** Hits on what was stale: it was being renewed, the client wanted it all the same, or the program failed. */
  stale: number
  /** Answered with the response to another request that asked for the same meanwhile. */
  collapsed: number
  /** Stored responses that the program said were still good. */
  revalidations: number
  /** Handed to the program without a look: excluded, or of a kind that is never stored. */
  bypasses: number
  stores: number
  /** Dropped for want of room. */
  evictions: number
  /** Dropped because of a pattern or of an unsafe request. */
  invalidations: number
  /** Stored now. */
  entries: number
  bytes: number
  /** Hits of all requests that were looked up, from 0 to 1. */
  hit_rate: number
}

export const CACHE_ENABLE = defineOption({
  number: 200,
  name: 'CACHE_ENABLE',
  family,
  schema: boolean(
    'Responses are stored by the rules of RFC 9111, and sent again without asking the program.',
  ),
  value: type<boolean>(),
  default: false,
})
export const CACHE_TTL = defineOption({
  number: 201,
  name: 'CACHE_TTL',
  family,
  schema: integer('Seconds that a response is fresh which does not say so itself.', 1, MAX_SECONDS),
  value: type<number>(),
  default: 300,
})
export const CACHE_MAX_SIZE = defineOption({
  number: 202,
  name: 'CACHE_MAX_SIZE',
  family,
  schema: integer('Bytes of all that is stored; what was not used for longest makes room.', 1024, 2 ** 30),
  value: type<number>(),
  default: 2 ** 20,
})
export const CACHE_KEY_PATTERN = defineOption({
  number: 203,
  name: 'CACHE_KEY_PATTERN',
  family,
  modes,
  schema: {
    type: 'string',
    maxLength: 1024,
    description:
      "What requests are told apart by, such as '{method} {host} {path}?{query.id}'; it may name method, scheme, host, path, query, uri, query.NAME. Empty: '{method} {host} {uri}'.",
  },
  value: type<string>(),
  default: '',
  check: compileKey,
})
export const CACHE_HEADERS = defineOption({
  number: 204,
  name: 'CACHE_HEADERS',
  family,
  modes,
  schema: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    maxItems: 32,
    description:
      'Request headers that requests are told apart by as well, whether a response has them in Vary or not.',
  },
  value: type<readonly string[]>(),
  default: [],
  check: names => void flattenHeaders(Object.fromEntries(names.map(name => [name, '']))),
})
export const CACHE_METHODS = defineOption({
  number: 205,
  name: 'CACHE_METHODS',
  family,
  schema: {
    type: 'array',
    items: { enum: ['GET', 'HEAD', 'POST'] },
    uniqueItems: true,
    description:
      'Methods that the cache has a part in. POST: what it answers is stored for a GET, where RFC 9110 section 9.3.3 has it.',
  },
  value: type<readonly CacheMethod[]>(),
  default: ['GET', 'HEAD'],
})
export const CACHE_EXCLUDE_PATTERNS = defineOption({
  number: 206,
  name: 'CACHE_EXCLUDE_PATTERNS',
  family,
  modes,
  schema: {
    type: 'array',
    items: { type: 'string', pattern: '^[/*]', maxLength: 1024 },
    maxItems: 256,
    description: 'Paths that are never stored; * stands for any characters.',
  },
  value: type<readonly string[]>(),
  default: [],
})
export const CACHE_THREAD_POOL_SIZE = defineOption({
  number: 207,
  name: 'CACHE_THREAD_POOL_SIZE',
  family,
  modes,
  schema: integer(
    'Threads at most that compress what is stored; they are started when there is work.',
    1,
    64,
  ),
  value: type<number>(),
  default: 2,
})
export const CACHE_INVALIDATE_PATTERN = defineOption({
  number: 208,
  name: 'CACHE_INVALIDATE_PATTERN',
  family,
  modes,
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: 1024,
    description:
      'Drops what is stored when it is set: targets that match where it begins with /, else keys; * stands for any characters.',
  },
  value: type<string>(),
  journal: 'action',
})
export const CACHE_STATISTICS = defineOption({
  number: 209,
  name: 'CACHE_STATISTICS',
  family,
  modes,
  schema: { type: 'object', description: 'Counts of the cache: query it.' },
  value: type<CacheStatistics>(),
  when: 'read-only',
  journal: 'action',
})
export const CACHE_COMPRESSION = defineOption({
  number: 210,
  name: 'CACHE_COMPRESSION',
  family,
  modes,
  schema: {
    anyOf: [
      { type: 'boolean' },
      {
        type: 'object',
        additionalProperties: false,
        properties: {
          encodings: encodingsSchema(['br', 'zstd', 'gzip']),
          minSize: thresholdSchema('a body'),
        },
      },
    ],
    description:
      'Stored text is kept compressed too, for clients that take it: true, or { encodings, minSize }. Its first hits are sent as they are.',
  },
  value: type<boolean | CacheCompression>(),
  default: false,
})
export const CACHE_STORE = defineOption({
  number: 211,
  name: 'CACHE_STORE',
  family,
  modes,
  schema: {
    anyOf: [
      { enum: ['memory'] },
      {
        type: 'object',
        required: ['shared'],
        additionalProperties: false,
        properties: { shared: { type: 'string', minLength: 1, maxLength: 64 } },
      },
    ],
    description:
      "Where responses are stored: 'memory', or { shared: NAME }, which keeps them in the plugin's keeper as well.",
  },
  value: type<CacheStore>(),
  when: 'before-bind',
  default: 'memory',
})
export const CACHE_STALE_WHILE_REVALIDATE = defineOption({
  number: 212,
  name: 'CACHE_STALE_WHILE_REVALIDATE',
  family,
  modes,
  schema: integer(
    'Seconds that a stale response is sent for while it is renewed (RFC 5861), where the response does not say.',
    0,
    MAX_SECONDS,
  ),
  value: type<number>(),
  default: 0,
})
