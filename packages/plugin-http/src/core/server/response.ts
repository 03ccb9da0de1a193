/**
 * Responses: node:http's, and how they are written.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer, AnswerFilter } from '../answer/filter.ts'
import { filterHead, filtersOf, filterWhole, type Streaming } from '../answer/filtering.ts'
import type { Finishing } from '../answer/finishing.ts'
import type { CachePart } from '../cache/part.ts'
import type { Visit } from '../monitor/visit.ts'
import { PROBLEM_TYPE, problemText } from '../problem.ts'
import { BODY_BYTES, BODY_FILE, BODY_JSON, BODY_TEXT, type BodyKind } from '../wire.ts'
import { assemble, includes } from './head.ts'
import { ServerResponse } from './node-http.ts'
import { connectionOf } from './tracking.ts'

/** What the worker refuses a request with. */
export interface RequestRefusal {
  readonly status: number
  readonly detail?: string | undefined
  /** Further members of the problem document. */
  readonly extensions?: Readonly<Record<string, unknown>> | undefined
  /** Names and values in turn. */
  readonly headers?: readonly string[] | undefined
}

/** A response that tells its connection when it has been sent. */
export class HttpResponse extends ServerResponse<IncomingMessage> {
  /** The client waits for 100 before it sends the body (RFC 9110 section 10.1.1). */
  expectsContinue = false
  /** It counts as one of its connection's unanswered requests. */
  admitted = false
  /** What of the answer goes to the cache. */
  cachePart: CachePart | undefined = undefined
  /** What changes the answer on its way; made by whoever adds the first. */
  filters: AnswerFilter[] | undefined = undefined
  /** What the listener's options make of the answer, behind the filters. */
  finishing: Finishing | undefined = undefined
  /** Takes a refusal of the request, which is then to be answered by it. False: a problem document says so. */
  refusing: ((refusal: RequestRefusal) => boolean) | undefined = undefined
  /** Who counts what is sent; undefined where nobody does. */
  visit: Visit | undefined = undefined
  /** HTTP's own framing: chunks, trailers and fields of the connection. */
  framed = true
  /** Fields of the worker's own, names and values in turn: on the head of whatever answers. */
  #added: string[] | undefined = undefined

  /** What carries the response frames it. */
  unframe(): void {
    this.framed = false
    this.sendDate = false
    this.removeHeader('connection')
    this.removeHeader('transfer-encoding')
  }

  /**
   * Adds a field to the head, whoever writes it: beside what that has of the name where it is a list, else where it has
   * none. The same again changes nothing.
   */
  add(name: string, value: string): void {
    const added = (this.#added ??= [])
    for (let i = 0; i < added.length; i += 2) if (added[i] === name && added[i + 1] === value) return
    added.push(name, value)
  }

  /** The answer cannot be sent: 500 in its place, which nothing changes any more. */
  giveUp(): void {
    this.filters = this.finishing = undefined
    // That of the answer would be beside the status of this one.
    this.statusMessage = ''
    sendProblem(this, 500)
  }

  override writeHead(status: number, fields?: any, more?: any): this {
    const added = this.#added
    if (added === undefined) return this.emitHead(status, fields, more)
    this.#added = undefined
    if (Array.isArray(fields)) return this.emitHead(status, withAdded(fields, added), more)
    for (let i = 0; i < added.length; i += 2)
      if (isList(added[i]!)) this.appendHeader(added[i]!, added[i + 1]!)
      else if (!this.hasHeader(added[i]!)) this.setHeader(added[i]!, added[i + 1]!)
    return this.emitHead(status, fields, more)
  }

  /** The head as it is sent. */
  protected emitHead(status: number, fields?: any, more?: any): this {
    return super.writeHead(status, fields, more)
  }

  override write(chunk: any, encoding?: any, callback?: any): boolean {
    this.visit?.wrote(chunk, encoding)
    return super.write(chunk, encoding, callback)
  }

  override end(chunk?: any, encoding?: any, callback?: any): this {
    this.visit?.wrote(chunk, encoding)
    return super.end(chunk, encoding, callback)
  }

  /** node:http calls it once for each response that was sent whole. */
  override detachSocket(socket: Socket): void {
    super.detachSocket(socket)
    connectionOf(socket)?.answered(this)
  }
}

/** Fields that may be there several times, each line for itself. */
const LISTS: ReadonlySet<string> = new Set(['set-cookie', 'vary', 'link', 'server-timing'])

function isList(name: string): boolean {
  return LISTS.has(name.toLowerCase())
}

function withAdded(fields: readonly string[], added: readonly string[]): string[] {
  const all = [...fields]
  for (let i = 0; i < added.length; i += 2)
    if (isList(added[i]!) || !includes(fields, added[i]!)) all.push(added[i]!, added[i + 1]!)
  return all
}

/** Content types of bodies by their kind. */
export const TYPES: Readonly<Record<BodyKind, string>> = {
  [BODY_TEXT]: 'text/plain; charset=utf-8',
  [BODY_JSON]: 'application/json; charset=utf-8',
  [BODY_BYTES]: 'application/octet-stream',
  [BODY_FILE]: 'application/octet-stream',
}

/** RFC 9110 sections 15.3.5 and 15.4.5: these have no content, and no length. */
function isBodiless(status: number): boolean {
  return status === 204 || status === 304
}

/** Sends a whole response at once: when its filters have done with it. */
export function sendWhole(
  response: HttpResponse,
  status: number,
  own: readonly string[] | null,
  body: string | Uint8Array | null,
  kind: BodyKind,
  defaults: readonly string[],
): void {
  const filters = filtersOf(response)
  if (filters.length === 0) writeWhole(response, status, own, body, kind, defaults)
  else
    filterWhole(response, filters, { status, fields: own === null ? [] : [...own], body, kind }, answer =>
      writeWhole(response, answer.status, answer.fields, answer.body, answer.kind, defaults),
    )
}

function writeWhole(
  response: HttpResponse,
  status: number,
  own: readonly string[] | null,
  body: string | Uint8Array | null,
  kind: BodyKind,
  defaults: readonly string[],
): void {
  // RFC 9110 section 15.3.6.
  const empty = body === null || body.length === 0 || status === 205
  if (isBodiless(status)) {
    response.writeHead(status, assemble(own, defaults, status === 304, false).fields)
    response.end()
    return
  }
  const isHead = response.req.method === 'HEAD'
  const head = assemble(own, defaults, isHead, false)
  const { fields } = head
  if (!empty && !head.hasType) fields.push('Content-Type', TYPES[kind])
  // What a GET would have had is not known where a HEAD was answered without a body (RFC 9110 section 8.6).
  if (!head.hasLength && !(isHead && empty))
    fields.push('Content-Length', String(empty ? 0 : Buffer.byteLength(body)))
  response.writeHead(status, fields)
  if (empty || isHead) response.end()
  else response.end(head.hasLatin1 && typeof body === 'string' ? Buffer.from(body) : body)
}

/** Writes the head of a streamed response; says what becomes of the body. */
export function sendHead(
  response: HttpResponse,
  status: number,
  own: readonly string[] | null,
  kind: BodyKind,
  defaults: readonly string[],
): Streaming {
  const filters = filtersOf(response)
  if (filters.length === 0) {
    writeHead(response, status, own, kind, defaults)
    return NO_TRANSFORMS
  }
  const head: Omit<Answer, 'body'> = { status, fields: own === null ? [] : [...own], kind }
  const streaming = filterHead(response, filters, head)
  writeHead(response, head.status, head.fields, head.kind, defaults)
  return streaming
}

const NO_TRANSFORMS: Streaming = []

function writeHead(
  response: HttpResponse,
  status: number,
  own: readonly string[] | null,
  kind: BodyKind,
  defaults: readonly string[],
): void {
  const bodiless = isBodiless(status)
  const chunked =
    !bodiless && response.req.method !== 'HEAD' && response.req.httpVersion !== '1.0' && response.framed
  const lengthGiven = own !== null && includes(own, 'content-length')
  const { fields, hasType, hasLength } = assemble(own, defaults, status !== 204, chunked && !lengthGiven)
  if (!bodiless && !hasType) fields.push('Content-Type', TYPES[kind])
  // A stream of another length than was said would put its rest where the next response begins.
  if (hasLength) response.strictContentLength = true
  response.writeHead(status, fields)
}

function defaultsOf({ req }: HttpResponse): readonly string[] {
  return connectionOf(req.socket)?.listener.settings.defaultHeaders ?? []
}

/** Puts the listener's headers on a response that a library is going to write: what that sets wins. */
export function presetDefaults(response: HttpResponse): void {
  const { fields } = assemble(null, defaultsOf(response), false, false)
  for (let i = 0; i < fields.length; i += 2) response.appendHeader(fields[i]!, fields[i + 1]!)
}

/** Sends an answer of the worker's own: the program is not asked, but its HTTP_HEADERS are on it. */
export function sendWorkerAnswer(
  response: HttpResponse,
  status: number,
  own: readonly string[],
  body: string,
): void {
  const fields = response.shouldKeepAlive ? own : [...own, 'Connection', 'close']
  sendWhole(response, status, fields, body, BODY_JSON, defaultsOf(response))
}

/** Sends a problem document of the worker's own. */
export function sendProblem(
  response: HttpResponse,
  status: number,
  detail?: string,
  headers: readonly string[] = [],
): void {
  sendWorkerAnswer(response, status, ['Content-Type', PROBLEM_TYPE, ...headers], problemText(status, detail))
}
