/**
 * Validating a request and handing it to the program.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { parseQuery, rawQuery } from '@unisock/plugin-http/core'
import {
  announcesTooMuch,
  connectionOf,
  type FormWire,
  type HttpResponse,
  hasBody,
  PARTS_FOLLOW,
  type RequestRefusal,
  readBody,
  refuseBody,
  sendParts,
  tooLarge,
} from '@unisock/plugin-http/core/worker'
import { problemDocument } from '../problem.ts'
import type { ValidationResult } from '../validation-result.ts'
import { EMPTY_STREAM, FAILED, type MoreWire, PLAIN_TEXT, type RestWire } from '../wire.ts'
import type { AuthResult } from './auth.ts'
import type { BodyReader, ReadBody } from './body.ts'
import { paramAt } from './place.ts'
import { answerProblem } from './problems.ts'
import type { Unrouted } from './unrouted.ts'
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
    const body = this.#bodies.read(visit, isBodyDue(visit))
    if (body.results) found.push(...body.results)
    if (found.length > 0 && !endpoint.pass) {
      refuse(request, response, found)
      visit.form?.discard()
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
      streamed ? true : bodyWire(visit, body),
      visit.trailers.length > 0 ? visit.trailers.join('\n') : null,
      endpoint.pattern,
      pathParams,
      body.text,
      flags,
      auth?.claims ?? null,
      query,
      found.length > 0 ? JSON.stringify(found) : null,
    ]
    const { around } = endpoint
    const user = auth?.claims === null ? auth.user : undefined
    if (around !== undefined || user !== undefined) wire.push([around ?? null, user ?? null, null, null])
    if (visit.upload) openForm(visit, wire)
    else open(request, response, wire, endpoint.handler, endpoint.bodyLimit)
  }

  /** Hands over a request that no route matched. Its body, if any, is a stream. `allowed`: the path's own methods. */
  sendUnrouted(
    request: IncomingMessage,
    response: HttpResponse,
    { gate, around }: Unrouted,
    allowed: readonly string[],
  ): void {
    throughCache(request, response, () => {
      const auth = gate?.(request.headers.authorization)
      const user = auth?.claims === null ? auth.user : undefined
      const more: MoreWire = [around ?? null, user ?? null, allowed.length > 0 ? allowed : null, null]
      const wire = bareWire(request, auth, more)
      if (hasBody(request)) wire[4] = true
      open(request, response, wire, undefined, undefined)
    })
  }

  /** Has the program answer for what was refused. The body, or what has come of it, stays here. */
  sendRefused(
    request: IncomingMessage,
    response: HttpResponse,
    { status, detail, extensions = {}, headers = [] }: RequestRefusal,
    visit?: Visit,
  ): true {
    response.refusing = undefined
    const document = JSON.stringify(problemDocument(status, detail, extensions))
    const auth = visit?.auth
    const user = auth?.claims === null ? auth.user : undefined
    const wire = bareWire(request, auth, [null, user ?? null, null, [status, document, headers]])
    if (visit) {
      wire[6] = visit.endpoint.pattern
      wire[7] = readPath(visit, [])
    }
    if (extensions.errors !== undefined) wire[12] = JSON.stringify(extensions.errors)
    connectionOf(request.socket)!.open(request, response, wire)
    return true
  }
}

/** A request of which nothing but its head is told. */
function bareWire(request: IncomingMessage, auth: AuthResult | undefined, more: MoreWire): RestWire {
  return [
    request.method!,
    request.url!,
    request.httpVersion,
    request.rawHeaders.join('\n'),
    null,
    null,
    null,
    null,
    null,
    FAILED | (auth?.status ?? 0),
    auth?.claims ?? null,
    null,
    null,
    more,
  ]
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
    refuseBody(request, response, tooLarge(allowed))
    return
  }
  const exchange = http.open(request, response, wire, handler)
  if (!exchange) return
  exchange.receiving()
  readBody(request, response, allowed, exchange)
}

/** Gives a form's request its fd: its parts follow, or its files are there until it is answered. */
function openForm({ request, response, endpoint, upload, form }: Visit, wire: RestWire): void {
  const http = connectionOf(request.socket)!
  const { maxBodySize } = http.listener.settings
  const { handler, bodyLimit } = endpoint
  if (upload!.streamed) {
    const limit = Math.min(maxBodySize, bodyLimit ?? maxBodySize)
    sendParts(request, response, upload!, limit, () => http.open(request, response, wire, handler))
    return
  }
  const exchange = http.open(request, response, wire, handler)
  if (exchange) exchange.over = form!.discard
  else form!.discard()
}

/** In the place of the bytes: what there is of a form beside its fields. */
function bodyWire({ upload, form }: Visit, body: ReadBody): RestWire[4] {
  if (form) return JSON.stringify({ files: form.files } satisfies FormWire)
  return upload?.streamed ? PARTS_FOLLOW : body.bytes
}

function isBodyDue({ endpoint, upload }: Visit): boolean {
  return endpoint.checks.bodyRequired && !endpoint.stream && !upload?.streamed
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
