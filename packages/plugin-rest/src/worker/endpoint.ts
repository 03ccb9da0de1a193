/**
 * A route as the worker serves it.
 * @module
 */

import type { Verifier } from '@unisock/jwt'
import type { FunctionRef } from '@unisock/kernel/plugin'
import type { DocumentedRoute } from '../openapi/document.ts'
import { toOperation } from '../openapi/operation.ts'
import type { Operation } from '../openapi/types.ts'
import type { RouterConfig } from '../options.ts'
import { type Pattern, parsePattern } from '../pattern.ts'
import type { AnyRoute } from '../route.ts'
import { createGate, type Gate } from './auth.ts'
import type { Checks, Validation } from './validation.ts'

/** A route's value as it crosses: its handler is a name, or stands for a function of the program. */
export type WireRoute = Omit<AnyRoute, 'handler'> & { handler?: FunctionRef | string }

/** REST_ROUTER_CONFIG's value as it crosses. */
export type WireConfig = Omit<RouterConfig, 'handlers'> & { handlers?: Record<string, FunctionRef> }

/** What a route's own value settles: schemas are compiled once, however often the router is built anew. */
export interface CompiledRoute {
  readonly route: WireRoute
  readonly pattern: Pattern
  readonly operation: Operation
  readonly checks: Checks
}

/** @throws {Error} when the documentation or a schema in it cannot be used. */
export async function compileRoute(route: WireRoute, validation: Validation): Promise<CompiledRoute> {
  const pattern = parsePattern(route.pattern)
  const operation = validation.complete(route.method, toOperation(pattern, route.openapi))
  return { route, pattern, operation, checks: await validation.compile(operation) }
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
  readonly gate: Gate | undefined
  /** Whether faulty requests are handed on. */
  readonly pass: boolean
  readonly stream: boolean
  /** Bytes; undefined for the listener's limit. */
  readonly bodyLimit: number | undefined
}

export function createEndpoint(
  compiled: CompiledRoute,
  basePath: string,
  config: WireConfig,
  verify: Verifier | undefined,
): Endpoint {
  const { route, checks } = compiled
  return {
    method: route.method,
    pattern: route.pattern,
    full: basePath === '' ? compiled.pattern : parsePattern(basePath + route.pattern),
    checks,
    handler: handlerOf(route, config),
    gate: createGate(route.auth ?? config.auth, verify),
    pass: (route.onInvalid ?? config.onInvalid) === 'pass',
    stream: route.stream ?? config.stream ?? false,
    bodyLimit: (route.limits ?? config.limits)?.body,
  }
}

function handlerOf({ handler }: WireRoute, { handlers = {} }: WireConfig): number | undefined {
  if (typeof handler !== 'string') return handler?.$function
  return Object.hasOwn(handlers, handler) ? handlers[handler]!.$function : undefined
}

/** What the OpenAPI document says of a route. */
export function documentedRoute(
  { route, pattern, operation }: CompiledRoute,
  config: WireConfig,
): DocumentedRoute {
  const auth = route.auth ?? config.auth ?? 'required'
  return {
    method: route.method,
    pattern,
    operation,
    auth: typeof auth === 'object' ? 'required' : auth,
    restricted: typeof auth === 'object',
  }
}
