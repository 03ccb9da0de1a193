/**
 * What a route's requests pass before anything else is asked of them: what is put on their responses, and limits.
 * @module
 */
import type { AnswerFilter, Tracing } from '@unisock/plugin-http/core/worker'
import type { CorsConfig, RateLimits } from '../types.ts'
import type { CompiledMiddleware } from './compiled.ts'
import { Cors } from './cors.ts'
import type { Limiters } from './limiters.ts'
import type { RateLimiter } from './rate-limiter.ts'

/** Where nothing was set a route has none, and its requests pay for none. */
export interface Guard {
  readonly tracing: Tracing | undefined
  /** Helmet's, names and values in turn. */
  readonly fields: readonly string[]
  readonly cors: Cors | undefined
  /** Before anybody looks at who asks. */
  readonly limits: readonly RateLimiter[]
  /** By user: once it is known who asks. */
  readonly userLimits: readonly RateLimiter[]
  readonly filters: readonly AnswerFilter[]
}

/** What a guard is made of. */
export interface GuardParts {
  readonly middleware: CompiledMiddleware
  /** REST_CORS_CONFIG, or the route's. */
  readonly cors: CorsConfig | false | undefined
  /** REST_RATE_LIMIT, or the route's. */
  readonly rateLimit: RateLimits | false | undefined
}

/** Where a guard's requests are counted. */
export interface CountingPlace {
  readonly limiters: Limiters
  /** The route's key; undefined for all routes together. */
  readonly route: string | undefined
  /** The limits are the route's own. */
  readonly own: boolean
}

/** What 'cors' alone means where REST_CORS_CONFIG is not set: data for everybody, as it is without a browser. */
const OPEN: CorsConfig = { origins: '*' }
/** What 'rate-limit' alone means where REST_RATE_LIMIT is not set. */
const DEFAULT_LIMIT: RateLimits = { max: 100, window: 60 }

export function createGuard(
  { middleware, cors, rateLimit }: GuardParts,
  place: CountingPlace,
): Guard | undefined {
  const corsConfig = cors ?? (middleware.cors === true ? OPEN : middleware.cors)
  const limits = rateLimit ?? (middleware.rateLimit === true ? DEFAULT_LIMIT : middleware.rateLimit)
  const limiters = limits ? limitersFor(limits, place) : []
  const { tracing, helmet, filters } = middleware
  if (!tracing && helmet.length === 0 && !corsConfig && limiters.length === 0 && filters.length === 0)
    return undefined
  return {
    tracing,
    fields: helmet,
    cors: corsConfig ? new Cors(corsConfig) : undefined,
    limits: limiters.filter(({ limit }) => limit.key !== 'user'),
    userLimits: limiters.filter(({ limit }) => limit.key === 'user'),
    filters,
  }
}

function limitersFor(limits: RateLimits, { limiters, route = '', own }: CountingPlace): RateLimiter[] {
  const list = Array.isArray(limits) ? limits : [limits]
  return list.flatMap(limit => limiters.for(own || limit.per === 'route' ? route : '', limit))
}
