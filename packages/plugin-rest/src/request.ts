/**
 * A REST request as handlers get it.
 * @module
 */
import { Readable } from 'node:stream'
import type { Claims } from '@unisock/jwt'
import type { Fd } from '@unisock/kernel/plugin'
import { HttpMessage, stateOf } from '@unisock/plugin-http/core'
import { AUTH_STATUSES, type AuthStatus } from './auth-status.ts'
import type { RestExchange } from './modes.ts'
import type { RouteDocs } from './openapi/types.ts'
import { REST_ADD_ROUTE } from './options.ts'
import type { AnyRoute } from './route.ts'
import type { ValidationResult } from './validation-result.ts'
import { AUTH_BITS, EMPTY_STREAM, FAILED, type MoreWire, PLAIN_TEXT, type RestWire } from './wire.ts'

/** The route that a request came by. */
export interface RouteMatch {
  /** The pattern as the route has it: what to switch on. */
  pattern: string
  method: string
  /** The name, where the route names its handler. */
  handler?: string
  operationId?: string
}

type PathParams = Record<string, string | number>

/**
 * A request that a route matched, or that was handed on in spite of a fault. Everything is parsed when it is
 * read first.
 */
export class RestRequest<P = PathParams, B = unknown> extends HttpMessage<RestWire> {
  #pathParams: P | undefined
  #queryParams: Record<string, any> | undefined
  #body: unknown
  #bodyRead = false
  #results: readonly ValidationResult[] | undefined
  #auth: { claims: Claims } | undefined

  override get fd(): Fd<RestExchange> {
    return this.port.fd as Fd<RestExchange>
  }

  /** By the names in the route's pattern; what the pattern or the documentation calls a number is one. */
  get path_params(): P {
    this.#pathParams ??= pairs(this.wire[7]) as P
    return this.#pathParams
  }

  /** The decoded query, coerced to the types of the documented parameters. A repeated key has an array. */
  override get query_params(): Record<string, any> {
    const coerced = this.wire[11]
    if (coerced === null) return super.query_params
    this.#queryParams ??= JSON.parse(coerced) as Record<string, unknown>
    return this.#queryParams
  }

  /** Undefined where no route matched. */
  get route_match(): RouteMatch | undefined {
    const pattern = this.wire[6]
    if (pattern === null) return undefined
    const { method, handler, openapi } = this.#route() ?? { method: this.method }
    return {
      pattern,
      method,
      ...(typeof handler === 'string' && { handler }),
      ...(openapi?.operationId !== undefined && { operationId: openapi.operationId }),
    }
  }

  /**
   * JSON and forms parsed, with defaults and coercion (of a form with files its fields); other text as a string, other media types as a Buffer,
   * a stream on a route with `stream: true`; undefined where there is none.
   */
  get body(): B {
    if (!this.#bodyRead) {
      this.#body = this.#readBody()
      this.#bodyRead = true
    }
    return this.#body as B
  }

  /** False when the request failed validation, authentication or routing and was handed on all the same. */
  get validation_passed(): boolean {
    return (this.wire[9] & FAILED) === 0
  }

  /** What did not fit. */
  get validation_results(): readonly ValidationResult[] {
    const text = this.wire[12]
    this.#results ??= text === null ? [] : (JSON.parse(text) as ValidationResult[])
    return this.#results
  }

  /** The same as {@link validation_results}. */
  get schema_validation(): readonly ValidationResult[] {
    return this.validation_results
  }

  get auth_status(): AuthStatus {
    return AUTH_STATUSES[this.wire[9] & AUTH_BITS] ?? 'invalid'
  }

  /** What the token says; undefined without a valid one. */
  get auth(): { claims: Claims } | undefined {
    const text = this.wire[10]
    if (text === null) return undefined
    this.#auth ??= { claims: JSON.parse(text) as Claims }
    return this.#auth
  }

  /** Who asks: the user of 'basic-auth', or the subject (`sub`) of a valid token. */
  get user(): string | undefined {
    const subject = this.auth?.claims.sub
    return this.wire[13]?.[1] ?? (typeof subject === 'string' ? subject : undefined)
  }

  /** The methods that the path has, where the request was handed on although its own is none of them. */
  get allowed_methods(): readonly string[] | undefined {
    return this.wire[13]?.[2] ?? undefined
  }

  /** The route's documentation, as the program set it. */
  get openapi_docs(): RouteDocs | undefined {
    return this.#route()?.openapi
  }

  override toJSON(): Record<string, unknown> {
    const { path_params, query_params, route_match, validation_passed, validation_results, auth_status } =
      this
    const { body, auth, openapi_docs, user, allowed_methods } = this
    return {
      ...super.toJSON(),
      path_params,
      query_params,
      route_match,
      body,
      validation_passed,
      validation_results,
      schema_validation: validation_results,
      auth_status,
      ...(auth && { auth }),
      ...(user !== undefined && { user }),
      ...(allowed_methods && { allowed_methods }),
      ...(openapi_docs && { openapi_docs }),
    }
  }

  /** The ids of the functions around the handler. */
  static aroundOf(request: unknown): readonly number[] | undefined {
    return (request as RestRequest).wire[13]?.[0] ?? undefined
  }

  /** What the worker refused the request with. */
  static refusalOf(request: RestRequest): NonNullable<MoreWire[3]> | undefined {
    return request.wire[13]?.[3] ?? undefined
  }

  #readBody(): unknown {
    const stream = stateOf(this.port)?.body
    if (stream) return this.parts ? undefined : stream
    if (this.wire[9] & EMPTY_STREAM) return Readable.from([])
    const text = this.wire[8]
    if (text !== null) return this.wire[9] & PLAIN_TEXT ? text : JSON.parse(text)
    const bytes = this.wire[4]
    if (bytes === null || bytes === true || typeof bytes === 'string') return undefined
    return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  #route(): AnyRoute | undefined {
    const pattern = this.wire[6]
    if (pattern === null) return undefined
    const routes = this.port.options(REST_ADD_ROUTE).filter(route => route.pattern === pattern)
    // A HEAD without a route of its own came by its GET.
    return routes.find(route => route.method === this.method) ?? routes.find(route => route.method === 'GET')
  }
}

/**
 * Makes mappings without inherited names; unlike what `Object.create(null)` gives, they are no slower for it.
 */
const Params = function Params() {} as unknown as { new (): PathParams; prototype: unknown }
Params.prototype = Object.create(null)

function pairs(flat: readonly (string | number)[] | null): PathParams {
  const params = new Params()
  for (let i = 0; flat !== null && i < flat.length; i += 2) params[flat[i] as string] = flat[i + 1]!
  return params
}
