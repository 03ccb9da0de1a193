/**
 * What a route is: a method and a pattern, who may call it, what it takes and who answers.
 * @module
 */

import type { Formats, Upload } from '@unisock/plugin-http/core'
import type { CorsConfig, RateLimits, RouteMiddleware } from './middleware/types.ts'
import type { RouteDocs } from './openapi/types.ts'
import type { Params } from './params.ts'
import { parsePattern, patternKey } from './pattern.ts'
import type { RestRequest } from './request.ts'

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

export type Method = (typeof METHODS)[number]

/**
 * Who may call a route. Once REST_JWT_SECRET is set every route is `required` unless it says otherwise.
 * `optional` lets anybody in and says in `auth_status` what the token was worth. With `roles` the token must
 * have one of them in its claim `roles` or `role`; with `scopes` it must have all of them in `scope` (RFC
 * 8693 section 4.2) or `scopes`.
 */
export type RouteAuth = 'none' | 'optional' | 'required' | { roles?: string[]; scopes?: string[] }

/** Whether a request that fails validation, authentication or routing is answered at once or handed on. */
export type OnInvalid = 'reject' | 'pass'

export interface RouteLimits {
  /** Bytes of a request body, at most HTTP_MAX_BODY_SIZE. */
  body?: number
  /** How deep a parsed body may be nested (beyond: 400). @default 100 */
  depth?: number
}

/** A handler answers with what it returns: see `reply`. */
export type RouteHandler<P = any, B = any> = (request: RestRequest<P, B>) => unknown

export interface Route<P extends string = string, B = any> {
  method: Method
  pattern: P
  /**
   * A function, or the name of one in REST_ROUTER_CONFIG.handlers; without either the socket's callback gets
   * the request.
   */
  handler?: RouteHandler<Params<P>, B> | string
  openapi?: RouteDocs
  /** @default `required` once REST_JWT_SECRET is set */
  auth?: RouteAuth
  /** @default the router's */
  onInvalid?: OnInvalid
  /** The body arrives as an async iterable of Uint8Arrays, unparsed and not validated. */
  stream?: boolean
  limits?: RouteLimits
  /** In place of HTTP_UPLOAD: what becomes of forms with files. */
  upload?: Upload | false
  /** In place of HTTP_FORMATS: media types beside JSON. */
  formats?: boolean | Formats
  /** In place of REST_MIDDLEWARE; `false`: nothing. */
  middleware?: readonly RouteMiddleware<Params<P>>[] | false
  /** In place of REST_CORS_CONFIG. */
  cors?: CorsConfig | false
  /** In place of REST_RATE_LIMIT; counted for itself. */
  rateLimit?: RateLimits | false
}

/** A route of any pattern: what REST_ADD_ROUTE takes. */
export type AnyRoute = Omit<Route<string, any>, 'handler' | 'middleware'> & {
  handler?: RouteHandler | string
  middleware?: readonly RouteMiddleware[] | false
}

/**
 * Checks a route's types: its handler's `path_params` follow from the pattern.
 *
 * @example
 * route({ method: 'GET', pattern: '/users/{id:int}', handler: request => users.get(request.path_params.id) })
 */
export function route<const P extends string, B = unknown>(definition: Route<P, B>): AnyRoute {
  return definition as AnyRoute
}

/** What tells routes apart: the method, and the pattern with its parameters' names erased. */
export function routeKey(definition: { method: string; pattern: string }): string {
  return `${definition.method} ${patternKey(parsePattern(definition.pattern))}`
}
