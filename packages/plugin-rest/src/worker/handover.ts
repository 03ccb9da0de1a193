/**
 * Validating a request and handing it to the program.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { parseQuery, rawQuery } from '@unisock/plugin-http/core'
import {
  announcesTooMuch,
  connectionOf,
  type HttpResponse,
  hasBody,
  readBody,
  refuseBody,
} from '@unisock/plugin-http/core/worker'
import type { ValidationResult } from '../validation-result.ts'
import { EMPTY_STREAM, FAILED, PLAIN_TEXT, type RestWire } from '../wire.ts'
import type { BodyReader, ReadBody } from './body.ts'
import { paramAt } from './place.ts'
import { answerProblem } from './problems.ts'
import type { Check } from './validation.ts'
import type { Visit } from './visit.ts'

type PathParams = (string | number)[]

export class Handover {
  readonly #bodies: BodyReader

  constructor(bodies: BodyReader) {
    this.#bodies = bodies
  }

  /**
   * Hands a request over, or answers 400 where it does not fit and the route does not want it all the same.
   */
  send(visit: Visit): void {
    const { endpoint, request, response } = visit
    const { checks } = endpoint
    const found: ValidationResult[] = []
    const pathParams = readPath(visit, found)
    const query = checks.query ? readQuery(request, checks.query, found) : null
    if (checks.headers) readHeaders(request, checks.headerNames, checks.headers, found)
    const body = this.#bodies.read(
      visit.body,
      visit.mediaType,
      checks.bodies?.get(visit.accepted),
      isBodyDue(visit),
    )
    if (body.results) found.push(...body.results)
    if (found.length > 0 && !endpoint.pass) {
      refuse(request, response, found)
      return
    }

    throughCache(request, response, () => this.#handOver(visit, pathParams, query, body, found))
  }

  #handOver(
    visit: Visit,
    pathParams: PathParams | null,
    query: string | null,
    body: ReadBody,
    found: readonly ValidationResult[],
  ): void {
    const { endpoint, request, response, auth } = visit
    const streamed = endpoint.stream && hasBody(request)
    let flags = auth?.status ?? 0
    if (found.length > 0 || auth?.admitted === false) flags |= FAILED
    if (body.plain) flags |= PLAIN_TEXT
    if (endpoint.stream && !streamed) flags |= EMPTY_STREAM
    const wire: RestWire = [
      request.method!,
      request.url!,
      request.httpVersion,
      request.rawHeaders.join('\n'),
      streamed ? true : body.bytes,
      visit.trailers.length > 0 ? visit.trailers.join('\n') : null,
      endpoint.pattern,
      pathParams,
      body.text,
      flags,
      auth?.claims ?? null,
      query,
      found.length > 0 ? JSON.stringify(found) : null,
    ]
    open(request, response, wire, endpoint.handler, endpoint.bodyLimit)
  }

  /** Hands over a request that no route matched. Its body, if any, is a stream. */
  sendUnrouted(request: IncomingMessage, response: HttpResponse): void {
    throughCache(request, response, () => this.#handOverUnrouted(request, response))
  }

  #handOverUnrouted(request: IncomingMessage, response: HttpResponse): void {
    const wire: RestWire = [
      request.method!,
      request.url!,
      request.httpVersion,
      request.rawHeaders.join('\n'),
      hasBody(request) ? true : null,
      null,
      null,
      null,
      null,
      FAILED,
      null,
      null,
      null,
    ]
    open(request, response, wire, undefined, undefined)
  }
}

/** The program is asked what the cache does not know: only requests that it would have got come this far. */
function throughCache(request: IncomingMessage, response: HttpResponse, forward: () => void): void {
  const { cache } = connectionOf(request.socket)!.listener
  if (!cache.serve(request, response, forward)) forward()
}

/** Gives the request its fd; a streamed body follows in chunks. */
function open(
  request: IncomingMessage,
  response: HttpResponse,
  wire: RestWire,
  handler: number | undefined,
  limit: number | undefined,
): void {
  const http = connectionOf(request.socket)!
  if (wire[4] !== true) {
    http.open(request, response, wire, handler)
    return
  }
  const { maxBodySize } = http.listener.settings
  const allowed = Math.min(maxBodySize, limit ?? maxBodySize)
  if (announcesTooMuch(request, allowed)) {
    refuseBody(request, response, allowed)
    return
  }
  const exchange = http.open(request, response, wire, handler)
  if (!exchange) return
  exchange.receiving()
  readBody(request, response, allowed, exchange)
}

function isBodyDue({ endpoint }: Visit): boolean {
  return endpoint.checks.bodyRequired && !endpoint.stream
}

function refuse(request: IncomingMessage, response: HttpResponse, errors: readonly ValidationResult[]): void {
  const detail = `${errors[0]!.in}${errors[0]!.path} ${errors[0]!.message}`
  answerProblem(request, response, 400, {
    detail: errors.length === 1 ? detail : `${detail}, and ${errors.length - 1} more`,
    extensions: { errors },
  })
}

/** Names and values in turn, as the owner wants them. */
function readPath({ endpoint, params }: Visit, found: ValidationResult[]): PathParams | null {
  const known = endpoint.full.params
  if (known.length === 0) return null
  const check = endpoint.checks.path
  const flat: PathParams = []
  for (let i = 0; i < known.length; i++) {
    const { name, type } = known[i]!
    const value = paramAt(params, i, type)
    flat.push(name, type === 'int' ? Number(value) : value)
  }
  return check ? coercePath(flat, check, found) : flat
}

function coercePath(flat: PathParams, check: Check, found: ValidationResult[]): PathParams {
  const values: Record<string, string | number> = Object.create(null)
  for (let i = 0; i < flat.length; i += 2) values[flat[i]!] = flat[i + 1]!
  if (!check(values)) found.push(...check.results())
  for (let i = 0; i < flat.length; i += 2) flat[i + 1] = values[flat[i]!]!
  return flat
}

/** JSON text of the coerced query. */
function readQuery(request: IncomingMessage, check: Check, found: ValidationResult[]): string {
  const query = parseQuery(rawQuery(request.url!))
  if (!check(query)) found.push(...check.results())
  return JSON.stringify(query)
}

function readHeaders(
  request: IncomingMessage,
  names: readonly string[],
  check: Check,
  found: ValidationResult[],
): void {
  const values: Record<string, unknown> = {}
  for (const name of names) if (request.headers[name] !== undefined) values[name] = request.headers[name]
  if (!check(values)) found.push(...check.results())
}
