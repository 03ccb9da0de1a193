/**
 * What a router's options add up to. A change makes a new state; the one that is being served stays as it is.
 * @module
 */

import { createVerifier, type Verifier } from '@unisock/jwt'
import type { FunctionRef } from '@unisock/kernel/plugin'
import { HTTP_BODY_STREAM, HTTP_FORMATS } from '@unisock/plugin-http/core'
import { assertServerJwt } from '../client/jwt.ts'
import { RouteFormats } from '../formats/formats.ts'
import {
  REST_CORS_CONFIG,
  REST_ERROR_HANDLER,
  REST_MIDDLEWARE,
  REST_RATE_LIMIT,
} from '../middleware/options.ts'
import type { CorsConfig, RateLimits } from '../middleware/types.ts'
import {
  type CompiledMiddleware,
  compileMiddleware,
  EMPTY,
  functionsIn as functionsAround,
} from '../middleware/worker/compiled.ts'
import { createGuard } from '../middleware/worker/guard.ts'
import type { Limiters } from '../middleware/worker/limiters.ts'
import type { DocumentParts, OpenApiInfo } from '../openapi/document.ts'
import { asSchema } from '../openapi/schema.ts'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_OPENAPI_INFO,
  REST_ROUTER_CONFIG,
  REST_VALIDATION_SCHEMA,
  type SharedSchemas,
} from '../options.ts'
import { routeKey } from '../route.ts'
import { createGate } from './auth.ts'
import {
  type CompiledRoute,
  compileRoute,
  createEndpoint,
  documentedRoute,
  type Endpoint,
  type RouterDefaults,
  type WireConfig,
  type WireRoute,
} from './endpoint.ts'
import type { Unrouted } from './unrouted.ts'
import { Validation } from './validation.ts'

export interface RouterState {
  readonly routes: ReadonlyMap<string, CompiledRoute>
  readonly config: WireConfig
  readonly info: OpenApiInfo | undefined
  readonly verify: Verifier | undefined
  readonly docsPath: string | undefined
  readonly shared: SharedSchemas
  readonly validation: Validation
  /** HTTP_BODY_STREAM: for routes and routers that do not say. */
  readonly bodyStream: boolean
  /** HTTP_FORMATS: for routes that do not say. */
  readonly formats: RouteFormats | undefined
  readonly middleware: CompiledMiddleware
  readonly cors: CorsConfig | false | undefined
  readonly rateLimit: RateLimits | false | undefined
  readonly errors: WireErrorHandling | undefined
}

/** REST_ERROR_HANDLER's value as it crosses. */
export type WireErrorHandling =
  | false
  | string
  | FunctionRef
  | { handler: FunctionRef | string; worker?: boolean }

export async function initialState(): Promise<RouterState> {
  return {
    routes: new Map(),
    config: {},
    info: undefined,
    verify: undefined,
    docsPath: undefined,
    shared: {},
    validation: await Validation.create({}),
    bodyStream: false,
    formats: undefined,
    middleware: EMPTY,
    cors: undefined,
    rateLimit: undefined,
    errors: undefined,
  }
}

/**
 * The options that a router is made of, in the order in which those of one turn are applied: routes use
 * schemas.
 */
export const ROUTER_OPTIONS: readonly number[] = [
  REST_VALIDATION_SCHEMA,
  REST_ROUTER_CONFIG,
  REST_OPENAPI_INFO,
  REST_JWT_SECRET,
  HTTP_BODY_STREAM,
  HTTP_FORMATS,
  REST_MIDDLEWARE,
  REST_ERROR_HANDLER,
  REST_CORS_CONFIG,
  REST_RATE_LIMIT,
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
]

/**
 * The state with another value of an option.
 * @throws {Error} when a schema is none, documentation does not fit its pattern, or a key its algorithm.
 */
export async function changed(state: RouterState, option: number, value: any): Promise<RouterState> {
  switch (option) {
    case REST_VALIDATION_SCHEMA:
      return withShared(state, value)
    case REST_ROUTER_CONFIG:
      return { ...state, config: value }
    case REST_OPENAPI_INFO:
      return { ...state, info: value }
    case REST_JWT_SECRET:
      assertServerJwt(value)
      return { ...state, verify: createVerifier(value) }
    case HTTP_BODY_STREAM:
      return { ...state, bodyStream: value }
    case HTTP_FORMATS:
      return { ...state, formats: await RouteFormats.load(value) }
    case REST_MIDDLEWARE:
      return { ...state, middleware: await compileMiddleware(value) }
    case REST_ERROR_HANDLER:
      return { ...state, errors: value }
    case REST_CORS_CONFIG:
      return { ...state, cors: value }
    case REST_RATE_LIMIT:
      return { ...state, rateLimit: value }
    case REST_ADD_ROUTE:
      return withRoute(state, value)
    default:
      return { ...state, docsPath: value }
  }
}

async function withRoute(state: RouterState, route: WireRoute): Promise<RouterState> {
  const routes = new Map(state.routes).set(routeKey(route), await compileRoute(route, state.validation))
  return { ...state, routes }
}

/** Routes are compiled again: they may refer to what has changed. */
async function withShared(state: RouterState, value: SharedSchemas): Promise<RouterState> {
  if ('openapi' in value || 'url' in value)
    throw new Error('an OpenAPI document is for clients: a server makes its own')
  const schemas = Object.entries(value.schemas ?? {}).map(([name, schema]) => [name, asSchema(schema)])
  const shared = { ...value, schemas: Object.fromEntries(schemas) }
  const validation = await Validation.create(shared)
  const routes = new Map<string, CompiledRoute>()
  for (const [key, { route }] of state.routes) routes.set(key, await compileRoute(route, validation))
  return { ...state, shared, validation, routes }
}

/** What holds for routes that do not say. */
export function defaultsOf(state: RouterState, limiters: Limiters): RouterDefaults {
  const { config, verify, bodyStream, formats, middleware, cors, rateLimit } = state
  return {
    basePath: basePathOf(state),
    config: { ...config, stream: config.stream ?? bodyStream },
    verify,
    middleware,
    cors,
    rateLimit,
    limiters,
    formats,
    guard: createGuard({ middleware, cors, rateLimit }, { limiters, route: undefined, own: false }),
  }
}

export function endpointsOf(state: RouterState, defaults: RouterDefaults): Endpoint[] {
  return [...state.routes.values()].map(compiled => createEndpoint(compiled, defaults))
}

/** What becomes of requests that no route takes. */
export function unroutedOf({ config, verify, middleware }: RouterState, { guard }: RouterDefaults): Unrouted {
  return {
    guard,
    around: middleware.functions.length > 0 ? middleware.functions : undefined,
    pass: config.onInvalid === 'pass',
    gate: createGate('optional', verify, middleware.basic),
  }
}

/** Whether the program answers for what the worker refuses. */
export function reportsRefusals({ errors }: RouterState): boolean {
  return typeof errors === 'object' && 'handler' in errors && errors.worker === true
}

export function documentOf(state: RouterState): DocumentParts {
  return {
    info: state.info,
    basePath: basePathOf(state),
    schemas: state.shared.schemas ?? {},
    routes: [...state.routes.values()].map(compiled => documentedRoute(compiled, state)),
    secured: state.verify !== undefined,
  }
}

/** The ids of the program's functions that the state can name. */
export function functionsOf({ config, routes, middleware, errors }: RouterState): Set<number> {
  const ids = new Set([
    ...functionsIn(REST_ROUTER_CONFIG, config),
    ...functionsIn(REST_ERROR_HANDLER, errors),
    ...middleware.functions,
  ])
  for (const { route } of routes.values()) for (const id of functionsIn(REST_ADD_ROUTE, route)) ids.add(id)
  return ids
}

/** The ids of the functions in one value. */
export function functionsIn(option: number, value: any): number[] {
  if (option === REST_ROUTER_CONFIG)
    return Object.values((value as WireConfig).handlers ?? {}).map(({ $function }) => $function)
  if (option === REST_MIDDLEWARE) return functionsAround(value)
  if (option === REST_ERROR_HANDLER) return functionOf(value)
  if (option !== REST_ADD_ROUTE) return []
  const { handler, middleware } = value as WireRoute
  return [...(typeof handler === 'object' ? [handler.$function] : []), ...functionsAround(middleware)]
}

function functionOf(errors: WireErrorHandling | undefined): number[] {
  if (typeof errors !== 'object') return []
  return '$function' in errors ? [errors.$function] : functionOf(errors.handler)
}

function basePathOf({ config, info }: RouterState): string {
  const base = config.base_path ?? info?.base_path ?? ''
  return base.endsWith('/') ? base.slice(0, -1) : base
}
