/**
 * A route as the worker serves it.
 * @module
 */

import type { Verifier } from '@unisock/jwt'
import type { FunctionRef } from '@unisock/kernel/plugin'
import { type UploadRules, uploadRules } from '@unisock/plugin-http/core/worker'
import { RouteFormats } from '../formats/formats.ts'
import { MAX_DEPTH } from '../formats/json-form.ts'
import type { RateLimits } from '../middleware/types.ts'
import {
  type CompiledMiddleware,
  compileMiddleware,
  EMPTY,
  type WireMiddleware,
} from '../middleware/worker/compiled.ts'
import { createGuard, type Guard, type GuardParts } from '../middleware/worker/guard.ts'
import type { Limiters } from '../middleware/worker/limiters.ts'
import type { DocumentedRoute } from '../openapi/document.ts'
import { toOperation } from '../openapi/operation.ts'
import type { Operation } from '../openapi/types.ts'
import type { RouterConfig } from '../options.ts'
import { type Pattern, parsePattern } from '../pattern.ts'
import { type AnyRoute, routeKey } from '../route.ts'
import { createGate, type Gate } from './auth.ts'
import type { Checks, Validation } from './validation.ts'

/** A route's value as it crosses: its handler is a name, or stands for a function of the program. */
export type WireRoute = Omit<AnyRoute, 'handler' | 'middleware'> & {
  handler?: FunctionRef | string
  middleware?: readonly WireMiddleware[] | false
}

/** REST_ROUTER_CONFIG's value as it crosses. */
export type WireConfig = Omit<RouterConfig, 'handlers'> & { handlers?: Record<string, FunctionRef> }

/** What a route's own value settles: schemas are compiled once, however often the router is built anew. */
export interface CompiledRoute {
  readonly route: WireRoute
  readonly pattern: Pattern
  readonly operation: Operation
  readonly checks: Checks
  /** The route's own. */
  readonly formats: RouteFormats | undefined
  /** The route's own; undefined where the router's holds. */
  readonly middleware: CompiledMiddleware | undefined
}

/** @throws {Error} when the documentation or a schema in it cannot be used. */
export async function compileRoute(route: WireRoute, validation: Validation): Promise<CompiledRoute> {
  const pattern = parsePattern(route.pattern)
  const operation = validation.complete(route.method, toOperation(pattern, route.openapi))
  const middleware = route.middleware && (await compileMiddleware(route.middleware))
  return {
    route,
    pattern,
    operation,
    checks: await validation.compile(operation),
    formats: await RouteFormats.load(route.formats),
    middleware: middleware === false ? EMPTY : middleware,
  }
}

/** A route with everything that the router's options say about it. */
export interface Endpoint {
  readonly method: string
  /** As the route has it. */
  readonly pattern: string
  /** With the base path. */
  readonly full: Pattern
  readonly checks: Checks
  /** The program's function, where the route has one. */
  readonly handler: number | undefined
  /** The ids of the program's functions around the handler. */
  readonly around: readonly number[] | undefined
  readonly guard: Guard | undefined
  readonly gate: Gate | undefined
  /** Users with passwords get in. */
  readonly takesPasswords: boolean
  /** Whether faulty requests are handed on. */
  readonly pass: boolean
  readonly stream: boolean
  /** Bytes; undefined for the listener's limit. */
  readonly bodyLimit: number | undefined
  /** How deep a body may be nested. */
  readonly maxDepth: number
  /** What becomes of forms with files; null: the listener says. */
  readonly upload: UploadRules | undefined | null
  /** Media types beside JSON. */
  readonly formats: RouteFormats | undefined
}

/** What the router's options say for all routes. */
export interface RouterDefaults extends GuardParts {
  readonly basePath: string
  readonly config: WireConfig
  readonly verify: Verifier | undefined
  readonly limiters: Limiters
  readonly formats: RouteFormats | undefined
  /** For requests that no route takes, and routes that say nothing of their own. */
  readonly guard: Guard | undefined
}

export function createEndpoint(compiled: CompiledRoute, router: RouterDefaults): Endpoint {
  const { route, checks } = compiled
  const { basePath, config, verify } = router
  const middleware = compiled.middleware ?? router.middleware
  const { basic } = router.middleware
  return {
    method: route.method,
    pattern: route.pattern,
    full: basePath === '' ? compiled.pattern : parsePattern(basePath + route.pattern),
    checks,
    handler: handlerOf(route, config),
    around: middleware.functions.length > 0 ? middleware.functions : undefined,
    guard: guardOf(compiled, router),
    gate: createGate(route.auth ?? config.auth, verify, basic),
    takesPasswords: basic !== undefined,
    pass: (route.onInvalid ?? config.onInvalid) === 'pass',
    stream: route.stream ?? config.stream ?? false,
    bodyLimit: (route.limits ?? config.limits)?.body,
    maxDepth: (route.limits ?? config.limits)?.depth ?? MAX_DEPTH,
    upload: route.upload === undefined ? null : uploadRules(route.upload),
    formats: route.formats === undefined ? router.formats : compiled.formats,
  }
}

function guardOf({ route, middleware }: CompiledRoute, router: RouterDefaults): Guard | undefined {
  const { cors, rateLimit } = route
  const { limiters } = router
  const own =
    rateLimit !== undefined || (middleware?.rateLimit !== undefined && middleware.rateLimit !== true)
  return createGuard(
    {
      middleware: middleware ?? router.middleware,
      cors: cors ?? (typeof middleware?.cors === 'object' ? middleware.cors : router.cors),
      rateLimit: rateLimit ?? (own ? (middleware!.rateLimit as RateLimits) : router.rateLimit),
    },
    { limiters, route: routeKey(route), own },
  )
}

function handlerOf({ handler }: WireRoute, { handlers = {} }: WireConfig): number | undefined {
  if (typeof handler !== 'string') return handler?.$function
  return Object.hasOwn(handlers, handler) ? handlers[handler]!.$function : undefined
}

/** What the OpenAPI document says of a route. */
export function documentedRoute(
  { route, pattern, operation, formats, middleware }: CompiledRoute,
  router: Pick<RouterDefaults, 'config' | 'middleware' | 'rateLimit' | 'formats'>,
): DocumentedRoute {
  const { config } = router
  const around = middleware ?? router.middleware
  const limit = route.rateLimit ?? router.rateLimit ?? around.rateLimit
  const auth = route.auth ?? config.auth ?? 'required'
  return {
    method: route.method,
    pattern,
    operation,
    auth: typeof auth === 'object' ? 'required' : auth,
    restricted: typeof auth === 'object',
    passwords: router.middleware.basic !== undefined,
    limited: limit !== undefined && limit !== false,
    formats: (route.formats === undefined ? router.formats : formats)?.types ?? [],
  }
}
