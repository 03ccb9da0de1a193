/**
 * REST servers with OpenAPI, validation and tokens, and clients for them, as socket modes.
 * @module
 */
import {
  API_VERSION,
  definePlugin,
  flagOptions,
  sibling,
  socketOptions,
  tlsOptions,
} from '@unisock/kernel/plugin'
import { httpClientOptions } from '@unisock/plugin-http/client'
import {
  answerOptions,
  apacheOptions,
  cacheOptions,
  decompressOptions,
  formatOptions,
  http2Options,
  httpOptions,
  monitorOptions,
  staticOptions,
  uploadOptions,
} from '@unisock/plugin-http/core'
import * as middlewareOptions from './middleware/options.ts'
import { REST_CLIENT, REST_SERVER } from './modes.ts'
import * as restOptions from './options.ts'

export {
  type Claims,
  type Jwk,
  type JwtAlgorithm,
  type JwtConfig,
  type SignJwtOptions,
  signJwt,
} from '@unisock/jwt'
export type { AuthStatus } from './auth-status.ts'
export type { ClientJwt } from './client/jwt.ts'
export type { RestClientRequest, RestClientWrite } from './client/request.ts'
export type { RestResponse } from './client/response.ts'
export { isResponseError, type ResponseError } from './client/response-error.ts'
export * from './middleware/options.ts'
export type {
  BasicAuthSettings,
  CorsConfig,
  ErrorHandler,
  ErrorHandling,
  HelmetSettings,
  Middleware,
  MiddlewareEntry,
  MiddlewareName,
  NamedMiddleware,
  RateLimitKey,
  RateLimits,
  RestRateLimit,
  RouteMiddleware,
} from './middleware/types.ts'
export { REST_CLIENT, REST_SERVER, type RestExchange, type RestWrite } from './modes.ts'
export type { OpenApiInfo } from './openapi/document.ts'
export type { JsonSchema, RouteDocs, ShortParameter } from './openapi/types.ts'
export * from './options.ts'
export type { Params } from './params.ts'
export { isProblem, type Problem, type ProblemDocument, type ProblemExtensions, problem } from './problem.ts'
export { isReply, type MarkedReply, type RestReply, reply } from './reply.ts'
export type { RestRequest, RouteMatch } from './request.ts'
export {
  type AnyRoute,
  type Method,
  type OnInvalid,
  type Route,
  type RouteAuth,
  type RouteHandler,
  route,
} from './route.ts'
export type { ValidationResult } from './validation-result.ts'

/** The plugin: `createKernel({ plugins: [rest()] })`. */
export const rest = definePlugin({
  name: 'rest',
  version: '0.1.0',
  apiVersion: API_VERSION,
  ranges: {
    modes: [
      [24, 25],
      [28, 29],
    ],
    options: [[110, 119]],
  },
  modes: { REST_SERVER, REST_CLIENT },
  options: {
    ...restOptions,
    ...middlewareOptions,
    ...httpOptions,
    ...answerOptions,
    ...staticOptions,
    ...httpClientOptions,
    ...apacheOptions,
    ...cacheOptions,
    ...decompressOptions,
    ...formatOptions,
    ...uploadOptions,
    ...http2Options,
    ...monitorOptions,
    ...socketOptions,
    ...flagOptions,
    ...tlsOptions,
  },
  worker: sibling('./worker', import.meta.url),
  keeper: { optional: true },
})
