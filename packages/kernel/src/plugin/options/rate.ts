/**
 * Rate limits, shared by every plugin that keeps them: 260-263. All are token buckets: `rate` tokens a second flow in,
 * and up to `burst` are kept.
 * @module
 */
import { type } from '../../types.ts'
import { defineOption } from '../option.ts'

const family = 'rate'

/** So many a second, and so many at once. A bare number is a rate with a burst of as many, and of one at least. */
export type RateLimit = number | { rate: number; burst?: number }

/** When an address is shut out, and for how long. */
export interface RateBan {
  /** Limits exceeded, or attempts to log in refused, within a minute. @default 10 */
  after?: number
  /** Seconds that the first ban lasts. @default 60 */
  seconds?: number
  /** Each further ban lasts so many times longer. @default 4 */
  factor?: number
  /** Seconds that a ban lasts at most; without one for as long, an address begins anew. @default 86400 */
  max?: number
}

const limit = (description: string) => ({
  anyOf: [
    { type: 'number', exclusiveMinimum: 0, maximum: 1e9 },
    {
      type: 'object',
      required: ['rate'],
      additionalProperties: false,
      properties: {
        rate: { type: 'number', exclusiveMinimum: 0, maximum: 1e9 },
        burst: { type: 'number', minimum: 1, maximum: 1e9 },
      },
    },
  ],
  description,
})

export const RATE_LIMIT_CONNECTIONS = defineOption({
  number: 260,
  name: 'RATE_LIMIT_CONNECTIONS',
  family,
  schema: limit('Connections a second from one address: a rate, or { rate, burst }.'),
  value: type<RateLimit>(),
})
export const RATE_LIMIT_MESSAGES = defineOption({
  number: 261,
  name: 'RATE_LIMIT_MESSAGES',
  family,
  schema: limit('Messages a second on one connection: a rate, or { rate, burst }.'),
  value: type<RateLimit>(),
})
export const RATE_LIMIT_BYTES = defineOption({
  number: 262,
  name: 'RATE_LIMIT_BYTES',
  family,
  schema: limit('Bytes of messages a second on one connection: a rate, or { rate, burst }.'),
  value: type<RateLimit>(),
})
export const RATE_LIMIT_BAN = defineOption({
  number: 263,
  name: 'RATE_LIMIT_BAN',
  family,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      after: { type: 'integer', minimum: 1, maximum: 10_000 },
      seconds: { type: 'number', exclusiveMinimum: 0, maximum: 86_400 },
      factor: { type: 'number', minimum: 1, maximum: 100 },
      max: { type: 'number', exclusiveMinimum: 0, maximum: 31_536_000 },
    },
    description: 'Shuts out an address that exceeds limits again and again, each time for longer.',
  },
  value: type<RateBan>(),
})
