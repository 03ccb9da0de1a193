/**
 * What a router's options add up to. A change makes a new state; the one that is being served stays as it is.
 * @module
 */

import { createVerifier, type Verifier } from '@unisock/jwt'
import { HTTP_BODY_STREAM } from '@unisock/plugin-http/core'
import { assertServerJwt } from '../client/jwt.ts'
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
import {
  type CompiledRoute,
  compileRoute,
  createEndpoint,
  documentedRoute,
  type Endpoint,
  type WireConfig,
  type WireRoute,
} from './endpoint.ts'
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
}

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

export function endpointsOf(state: RouterState): Endpoint[] {
  const { config, verify, bodyStream } = state
  const base = basePathOf(state)
  const settings = { ...config, stream: config.stream ?? bodyStream }
  return [...state.routes.values()].map(compiled => createEndpoint(compiled, base, settings, verify))
}

export function documentOf(state: RouterState): DocumentParts {
  return {
    info: state.info,
    basePath: basePathOf(state),
    schemas: state.shared.schemas ?? {},
    routes: [...state.routes.values()].map(compiled => documentedRoute(compiled, state.config)),
    secured: state.verify !== undefined,
  }
}

/** The ids of the program's functions that the state can name. */
export function functionsOf({ config, routes }: RouterState): Set<number> {
  const ids = new Set(functionsIn(REST_ROUTER_CONFIG, config))
  for (const { route } of routes.values()) for (const id of functionsIn(REST_ADD_ROUTE, route)) ids.add(id)
  return ids
}

/** The ids of the functions in one value. */
export function functionsIn(option: number, value: any): number[] {
  if (option === REST_ROUTER_CONFIG)
    return Object.values((value as WireConfig).handlers ?? {}).map(({ $function }) => $function)
  const handler = option === REST_ADD_ROUTE ? (value as WireRoute).handler : undefined
  return typeof handler === 'object' ? [handler.$function] : []
}

function basePathOf({ config, info }: RouterState): string {
  const base = config.base_path ?? info?.base_path ?? ''
  return base.endsWith('/') ? base.slice(0, -1) : base
}
