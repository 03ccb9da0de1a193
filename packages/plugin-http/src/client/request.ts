/**
 * A request as the program writes it, checked and made ready to cross.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { flattenHeaders, type HttpHeaders } from '../core/headers.ts'
import type { BodySource } from '../core/reply.ts'
import { type BodyParts, encodeRequestBody, type FormFields, formText } from './body.ts'
import { type TraceSource, withTrace } from './trace.ts'
import { ASK, type AskWire, FOLLOW, NO_FOLLOW, STREAMED, TRACED, WHOLE } from './wire.ts'

/** What every request of a client may say. */
export interface RequestParts extends BodyParts {
  /** @default HTTP_METHOD, else POST for a request with a body, and GET */
  method?: string
  /** Added to the URL's own query. */
  query?: FormFields
  headers?: HttpHeaders
  /** The response's body comes as a stream. @default HTTP_BODY_STREAM */
  stream?: boolean
  /** Redirects are followed. @default HTTP_FOLLOW_REDIRECTS */
  follow?: boolean
  /** Milliseconds until the response must be there, redirects and retries included. 0: no limit. @default HTTP_TIMEOUT */
  timeout?: number
  /** Bytes of the response's body. @default HTTP_MAX_BODY_SIZE for one that comes whole, no limit for a stream */
  maxBodySize?: number
  /** The trace that it belongs to: a request's `trace`, or that request itself. */
  trace?: TraceSource
}

/** A request. */
export interface HttpClientRequest extends RequestParts {
  /** Relative to what `connect` or HTTP_URL named (RFC 3986 section 5), or a URL of its own. @default that itself */
  url?: string
}

/** What `write` and `request` take on an HTTP client: a request, or the URL of one. */
export type HttpClientWrite = HttpClientRequest | string

export interface CheckedRequest {
  wire: AskWire
  source: BodySource | undefined
}

const PARTS: ReadonlySet<string> = new Set([
  'method',
  'query',
  'headers',
  'stream',
  'follow',
  'timeout',
  'maxBodySize',
  'body',
  'json',
  'form',
  'multipart',
  'trace',
])

const METHOD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** Of the connection, which is the client's own (RFC 9110 section 7.6.1, RFC 9112 sections 6.1 and 9.6). */
const RESERVED = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const SINGLE = new Set(['content-length', 'content-type', 'host', 'user-agent', 'authorization'])

function invalid(reason: string): SocketError {
  return new SocketError('EINVAL', reason, { op: 'write' })
}

/** @throws {SocketError} `EINVAL` for what is no request of the mode, `EBADDATA` for a body that cannot be sent. */
export function checkRequest(data: unknown, id: number): CheckedRequest {
  const { url = '', ...parts } = (
    typeof data === 'string' ? { url: data } : asMapping(data)
  ) as HttpClientRequest
  return checkParts(parts, url, id)
}

/** The parts that all clients' requests have, with `url` as the worker is to read it. */
export function checkParts(parts: RequestParts, url: unknown, id: number): CheckedRequest {
  for (const key in parts)
    if (!PARTS.has(key)) throw invalid(`unknown key ${JSON.stringify(key)} in a request`)
  const { query, stream, follow, timeout, maxBodySize, trace } = parts
  checkNumber('timeout', timeout, 2 ** 31 - 1)
  checkNumber('maxBodySize', maxBodySize, Number.MAX_SAFE_INTEGER)
  const own = checkHeaders(parts.headers)
  const headers = trace === undefined ? own : withTrace(own, trace)
  const { body, source, type } = encodeRequestBody(parts)
  const streamed = stream === undefined ? 0 : stream ? STREAMED : WHOLE
  const followed = follow === undefined ? 0 : follow ? FOLLOW : NO_FOLLOW
  const traced = trace !== undefined && headers?.at(-2) === 'traceparent' ? TRACED : 0
  const flags = streamed | followed | traced
  const wire: AskWire = [
    ASK.REQUEST,
    id,
    methodOf(parts.method),
    withQuery(checkUrl(url), query),
    headers,
    source ? true : body,
    type,
    flags,
    timeout ?? null,
    maxBodySize ?? null,
  ]
  return { wire, source }
}

/** @throws {SocketError} `EINVAL` for what is no mapping */
export function asMapping(data: unknown): object {
  if (typeof data !== 'object' || data === null || Array.isArray(data) || ArrayBuffer.isView(data))
    throw invalid('expected a request: a mapping, or the URL of one')
  return data
}

function methodOf(method: unknown): string | null {
  if (method === undefined) return null
  if (typeof method !== 'string' || !METHOD.test(method))
    throw invalid(`not a method: ${JSON.stringify(method)} (RFC 9110 section 9.1)`)
  if (method === 'CONNECT') throw invalid('CONNECT opens a tunnel, which is no request')
  return method
}

function checkHeaders(headers: HttpHeaders | undefined): string[] | null {
  const flat = flattenHeaders(headers)
  if (flat === null) return null
  const seen = new Set<string>()
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!.toLowerCase()
    if (RESERVED.has(name)) throw invalid(`header ${flat[i]}: is the connection's own, not a request's`)
    if (SINGLE.has(name) && seen.has(name)) throw invalid(`header ${flat[i]}: may be there once`)
    seen.add(name)
  }
  return flat
}

/** What the parser of URLs drops or reads as something else is refused, so that a URL means what it says. */
function checkUrl(url: unknown): string {
  if (typeof url !== 'string') throw invalid('url: expected a string')
  for (let i = 0; i < url.length; i++) {
    const code = url.charCodeAt(i)
    if (code < 0x20 || code === 0x7f || code === 0x5c)
      throw invalid(`url: has a character that no URL may have, at ${i}`)
  }
  return url
}

function withQuery(url: string, query: FormFields | undefined): string {
  const text = query === undefined ? '' : formText(query)
  if (text === '') return url
  const hash = url.indexOf('#')
  const bare = hash < 0 ? url : url.slice(0, hash)
  return `${bare}${bare.includes('?') ? '&' : '?'}${text}`
}

function checkNumber(name: string, value: unknown, most: number): void {
  if (value === undefined) return
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > most)
    throw invalid(`${name}: expected an integer from 0 to ${most}`)
}
