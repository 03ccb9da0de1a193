/**
 * Responses: node:http's, and how they are written.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { PROBLEM_TYPE, type ProblemStatus, problemText } from '../problem.ts'
import { BODY_BYTES, BODY_JSON, BODY_TEXT, type BodyKind } from '../wire.ts'
import { ServerResponse } from './node-http.ts'
import { connectionOf } from './tracking.ts'

/** A response that tells its connection when it has been sent. */
export class HttpResponse extends ServerResponse<IncomingMessage> {
  /** The client waits for 100 before it sends the body (RFC 9110 section 10.1.1). */
  expectsContinue = false
  /** It counts as one of its connection's unanswered requests. */
  admitted = false

  /** node:http calls it once for each response that was sent whole. */
  override detachSocket(socket: Socket): void {
    super.detachSocket(socket)
    connectionOf(socket)?.answered(this)
  }
}

const TYPES: Readonly<Record<BodyKind, string>> = {
  [BODY_TEXT]: 'text/plain; charset=utf-8',
  [BODY_JSON]: 'application/json; charset=utf-8',
  [BODY_BYTES]: 'application/octet-stream',
}

/** What node:http writes as UTF-8 when a string follows, though header fields are Latin-1. */
const LATIN1 = /[\x80-\xff]/

/** What a header array is made of. */
interface Head {
  fields: string[]
  hasType: boolean
  hasLength: boolean
  hasLatin1: boolean
}

/**
 * The reply's own fields without those that are the server's to set, then the listener's defaults that it lacks.
 * `keepLength` where no body is sent, or a stream: then the program may know its length.
 */
function assemble(
  own: readonly string[] | null,
  defaults: readonly string[],
  keepLength: boolean,
  trailers: boolean,
): Head {
  const head: Head = { fields: [], hasType: false, hasLength: false, hasLatin1: false }
  if (own) for (let i = 0; i < own.length; i += 2) append(head, own[i]!, own[i + 1]!, keepLength, trailers)
  for (let i = 0; i < defaults.length; i += 2)
    if (!own || !includes(own, defaults[i]!))
      append(head, defaults[i]!, defaults[i + 1]!, keepLength, trailers)
  return head
}

function append(head: Head, name: string, value: string, keepLength: boolean, trailers: boolean): void {
  switch (name.length) {
    case 7:
      if (!trailers && name.toLowerCase() === 'trailer') return
      break
    case 12:
      if (name.toLowerCase() === 'content-type') head.hasType = true
      break
    case 14:
      if (name.toLowerCase() !== 'content-length') break
      if (!keepLength) return
      head.hasLength = true
      break
    case 17:
      if (name.toLowerCase() === 'transfer-encoding') return
      break
  }
  if (LATIN1.test(value)) head.hasLatin1 = true
  head.fields.push(name, value)
}

function includes(fields: readonly string[], name: string): boolean {
  const lower = name.toLowerCase()
  for (let i = 0; i < fields.length; i += 2)
    if (fields[i]!.length === lower.length && fields[i]!.toLowerCase() === lower) return true
  return false
}

/** RFC 9110 sections 15.3.5 and 15.4.5: these have no content. */
function isBodiless(status: number): boolean {
  return status === 204 || status === 304
}

/** Sends a whole response at once. */
export function sendWhole(
  response: HttpResponse,
  status: number,
  own: readonly string[] | null,
  body: string | Uint8Array | null,
  kind: BodyKind,
  defaults: readonly string[],
): void {
  const empty = body === null || body.length === 0
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

/** Writes the head of a streamed response. */
export function sendHead(
  response: HttpResponse,
  status: number,
  own: readonly string[] | null,
  kind: BodyKind,
  defaults: readonly string[],
): void {
  const bodiless = isBodiless(status)
  const chunked = !bodiless && response.req.method !== 'HEAD' && response.req.httpVersion === '1.1'
  const lengthGiven = own !== null && includes(own, 'content-length')
  const { fields, hasType, hasLength } = assemble(own, defaults, status !== 204, chunked && !lengthGiven)
  if (!bodiless && !hasType) fields.push('Content-Type', TYPES[kind])
  // A stream of another length than was said would put its rest where the next response begins.
  if (hasLength) response.strictContentLength = true
  response.writeHead(status, fields)
}

/** Sends a problem document of the worker's own. */
export function sendProblem(
  response: HttpResponse,
  status: ProblemStatus,
  detail?: string,
  headers: readonly string[] = [],
): void {
  const text = problemText(status, detail)
  const fields = ['Content-Type', PROBLEM_TYPE, ...headers, 'Content-Length', String(Buffer.byteLength(text))]
  response.writeHead(status, fields)
  response.end(text)
}
