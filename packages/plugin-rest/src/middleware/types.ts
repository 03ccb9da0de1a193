/**
 * What stands between a request and its handler.
 * @module
 */
import type { HttpCompression, TraceSettings } from '@unisock/plugin-http/core'
import type { Problem } from '../problem.ts'
import type { MarkedReply } from '../reply.ts'
import type { RestRequest } from '../request.ts'

/**
 * A function of the program around handlers. `next()` runs what is inside of it and resolves with the answer's value:
 * what the handler returned. What the function returns is the answer in place of that; undefined leaves it as it is, or
 * says, where `next` was not called, that the answer comes by `write`. What it throws is as if the handler had.
 *
 * @example
 * const timed: Middleware = async (request, next) => {
 *   const begun = performance.now()
 *   await next()
 *   console.log(request.path, performance.now() - begun)
 * }
 */
export type Middleware<P = any> = (request: RestRequest<P, any>, next: () => Promise<unknown>) => unknown

/** What the worker does without being told more. */
export type MiddlewareName = 'request-id' | 'helmet' | 'cors' | 'rate-limit' | 'etag' | 'compress'

/** Settings of the package helmet, but functions. */
export interface HelmetSettings {
  contentSecurityPolicy?:
    | boolean
    | { useDefaults?: boolean; reportOnly?: boolean; directives?: Record<string, readonly string[] | null> }
  crossOriginEmbedderPolicy?: boolean | { policy?: 'require-corp' | 'credentialless' | 'unsafe-none' }
  crossOriginOpenerPolicy?:
    | boolean
    | { policy?: 'same-origin' | 'same-origin-allow-popups' | 'noopener-allow-popups' | 'unsafe-none' }
  crossOriginResourcePolicy?: boolean | { policy?: 'same-origin' | 'same-site' | 'cross-origin' }
  originAgentCluster?: boolean
  referrerPolicy?: boolean | { policy?: string | readonly string[] }
  strictTransportSecurity?: boolean | { maxAge?: number; includeSubDomains?: boolean; preload?: boolean }
  xContentTypeOptions?: boolean
  xDnsPrefetchControl?: boolean | { allow?: boolean }
  xDownloadOptions?: boolean
  xFrameOptions?: boolean | { action?: 'deny' | 'sameorigin' }
  xPermittedCrossDomainPolicies?:
    | boolean
    | { permittedPolicies?: 'none' | 'master-only' | 'by-content-type' | 'all' }
  xXssProtection?: boolean
}

/** Basic authentication (RFC 7617). */
export interface BasicAuthSettings {
  /** Passwords by user name. */
  users: Readonly<Record<string, string>>
  /** What the client is told that the password is for. @default 'api' */
  realm?: string
}

/** REST_CORS_CONFIG's value: which pages of other origins may call (the Fetch standard). */
export interface CorsConfig {
  /**
   * `'https://app.example.org'`, patterns such as `'https://*.example.org'` and `'http://localhost:*'`, or `'*'` for
   * all.
   */
  origins: string | readonly string[]
  /** @default those that the path has */
  methods?: readonly string[]
  /** Request headers that pages may set. @default those that they ask for */
  headers?: readonly string[]
  /** Response headers that pages may read. */
  exposed?: readonly string[]
  /** Whether pages may send cookies and the like: only with origins that are named. @default false */
  credentials?: boolean
  /** Seconds for which a browser need not ask again. */
  maxAge?: number
}

/** By what requests are counted: the client's address, the authenticated user, or a header's value. */
export type RateLimitKey = 'ip' | 'user' | { readonly header: string }

/** So many requests in a window that begins with the first one. */
export interface RestRateLimit {
  max: number
  /** Seconds. */
  window: number
  /** @default 'ip' */
  key?: RateLimitKey
  /** What clients know the limit by. @default 'default' */
  policy?: string
  /** Whether all routes count together, or each for itself. @default 'router' */
  per?: 'router' | 'route'
  /** Addresses and networks that are not counted. */
  allow?: readonly string[]
  /** X-RateLimit-Limit, -Remaining and -Reset too. @default false */
  legacy?: boolean
}

/** REST_RATE_LIMIT's value: several are checked in their order. */
export type RateLimits = RestRateLimit | readonly RestRateLimit[]

/** A name with settings. */
export type NamedMiddleware =
  | ({ name: 'request-id' } & TraceSettings)
  | ({ name: 'helmet' } & HelmetSettings)
  | ({ name: 'cors' } & CorsConfig)
  | ({ name: 'rate-limit' } & RestRateLimit)
  | ({ name: 'basic-auth' } & BasicAuthSettings)
  | { name: 'etag'; strength?: 'weak' | 'strong' }
  | ({ name: 'compress' } & HttpCompression)

/** An entry of REST_MIDDLEWARE. */
export type MiddlewareEntry = MiddlewareName | NamedMiddleware | Middleware

/** An entry of a route's own `middleware`. Who gets in is said by its `auth`. */
export type RouteMiddleware<P = any> =
  | MiddlewareName
  | Exclude<NamedMiddleware, { name: 'basic-auth' }>
  | Middleware<P>

/**
 * Answers for what went wrong: with a reply or a problem, or with undefined for the answer that there would be without
 * it.
 */
export type ErrorHandler = (
  error: unknown,
  request: RestRequest,
) => MarkedReply | Problem | undefined | Promise<MarkedReply | Problem | undefined>

/** REST_ERROR_HANDLER's value: the function, or its name in REST_ROUTER_CONFIG.handlers. */
export type ErrorHandling =
  | ErrorHandler
  | string
  | {
      handler: ErrorHandler | string
      /** Also what the worker refuses: 400, 401, 403, 404, 405, 413, 415, 429 … @default false */
      worker?: boolean
    }
