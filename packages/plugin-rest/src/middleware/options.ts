/**
 * Options 116-119: what stands between requests and handlers.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import { checkMiddleware, checkOwn } from './checks.ts'
import { CORS_SCHEMA, MIDDLEWARE_SCHEMA, orOff, RATE_LIMIT_SCHEMA } from './schemas.ts'
import type { CorsConfig, ErrorHandling, MiddlewareEntry, RateLimits } from './types.ts'

const family = 'rest'
/** REST_SERVER. */
const modes = [24]

export const REST_MIDDLEWARE = defineOption({
  number: 116,
  name: 'REST_MIDDLEWARE',
  family,
  modes,
  schema: {
    ...MIDDLEWARE_SCHEMA,
    description:
      'What stands around the handlers of all routes: names, with settings or without, run in the worker; functions run in the owner, in their order.',
  },
  value: type<readonly MiddlewareEntry[]>(),
  secret: true,
  check: checkMiddleware,
})

export const REST_ERROR_HANDLER = defineOption({
  number: 117,
  name: 'REST_ERROR_HANDLER',
  family,
  modes,
  schema: {
    description:
      'Answers for what handlers throw: a function, or its name in REST_ROUTER_CONFIG.handlers. With { handler, worker: true } also for what the worker refuses.',
    anyOf: [
      { enum: [false] },
      { isFunction: true },
      { type: 'string', minLength: 1 },
      {
        type: 'object',
        required: ['handler'],
        additionalProperties: false,
        properties: {
          handler: { anyOf: [{ isFunction: true }, { type: 'string', minLength: 1 }] },
          worker: { type: 'boolean' },
        },
      },
    ],
  },
  value: type<ErrorHandling | false>(),
})

export const REST_CORS_CONFIG = defineOption({
  number: 118,
  name: 'REST_CORS_CONFIG',
  family,
  modes,
  schema: { ...orOff(CORS_SCHEMA), description: 'Which pages of other origins may call; false: none.' },
  value: type<CorsConfig | false>(),
  check: config => checkOwn({ cors: config }),
})

export const REST_RATE_LIMIT = defineOption({
  number: 119,
  name: 'REST_RATE_LIMIT',
  family,
  modes,
  schema: {
    ...orOff(RATE_LIMIT_SCHEMA),
    description: 'How many requests a client may make, of several limits each holds; false: any number.',
  },
  value: type<RateLimits | false>(),
  check: limits => checkOwn({ rateLimit: limits }),
})
