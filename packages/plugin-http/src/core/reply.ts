/**
 * What a program answers with, checked and made ready to cross.
 * @module
 */
import type { Readable } from 'node:stream'
import { isUint8Array } from 'node:util/types'
import { jsonText, SocketError } from '@unisock/kernel/plugin'
import { flattenHeaders, type HttpHeaders } from './headers.ts'
import { BODY_BYTES, BODY_FILE, BODY_JSON, BODY_TEXT, type BodyKind } from './wire.ts'

/** A body whose chunks are produced while it is sent. */
export type BodySource = Readable | AsyncIterable<string | Uint8Array>

/** A response's body; what is not text, bytes or a stream is sent as JSON. */
export type HttpBody = string | Uint8Array | BodySource | object | null

/** A whole response. */
export interface HttpReply {
  /** 200-599. @default 200 */
  status?: number
  headers?: HttpHeaders
  /** A body without a Content-Type gets `text/plain`, `application/json` or `application/octet-stream` by its kind. */
  body?: HttpBody
  /** In place of a body: a file that the web server in front sends (APACHE_STATIC_HANDOFF). */
  file?: string
  /** Trailer fields, or what makes them when the body has been sent: such as its digest (RFC 9110 section 6.5). */
  trailers?: HttpHeaders | (() => HttpHeaders)
  /**
   * Of a streamed body of text/event-stream: milliseconds of silence after which the worker sends a comment. Each chunk
   * must be whole events. 0, or with a Content-Length: never. `sse()` sets it.
   */
  ping?: number
}

/** What `write` takes on an exchange: a reply, or the body of a 200. */
export type HttpWrite = HttpReply | string | Uint8Array | BodySource

/** A reply in the terms of the wire, its body's source aside. */
export interface CheckedReply {
  status: number
  headers: string[] | null
  /** Undefined where there is a source. */
  body: string | Uint8Array | null
  source: BodySource | undefined
  kind: BodyKind
  trailers: HttpReply['trailers']
  ping: number
}

/** Recognises Readables, web streams and async iterables. */
export function isSource(value: unknown): value is BodySource {
  return (
    typeof value === 'object' && value !== null && typeof (value as any)[Symbol.asyncIterator] === 'function'
  )
}

/**
 * Checks a reply.
 *
 * @throws {SocketError} `EINVAL` for a status, header or key that no response may have, `EBADDATA` for a body that
 * cannot be sent.
 */
export function checkReply(reply: HttpReply): CheckedReply {
  for (const key in reply)
    if (!KEYS.has(key))
      throw new SocketError(
        'EINVAL',
        `unknown key ${JSON.stringify(key)} in a reply: it takes status, headers, body, file, trailers, ping`,
      )
  const { status = 200, trailers, ping = 0 } = reply
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new SocketError('EINVAL', `a reply's status is an integer from 200 to 599, got ${String(status)}`)
  if (!Number.isInteger(ping) || ping < 0 || ping > MAX_DELAY)
    throw new SocketError('EINVAL', `a reply's ping is a number of milliseconds, got ${String(ping)}`)
  const checked: CheckedReply = {
    status,
    headers: flattenHeaders(reply.headers),
    body: null,
    source: undefined,
    kind: BODY_TEXT,
    trailers,
    ping,
  }
  if (reply.file === undefined) encodeBody(reply.body, checked)
  else handOver(reply.file, reply, checked)
  return checked
}

const KEYS: ReadonlySet<string> = new Set(['status', 'headers', 'body', 'file', 'trailers', 'ping'])
/** The longest delay a timer takes. */
const MAX_DELAY = 2 ** 31 - 1

function handOver(file: unknown, { body, trailers }: HttpReply, into: CheckedReply): void {
  if (typeof file !== 'string' || file === '') throw new SocketError('EINVAL', "a reply's file is a path")
  if (body !== undefined || trailers !== undefined)
    throw new SocketError('EINVAL', 'a reply with a file has no body and no trailers of its own')
  into.body = file
  into.kind = BODY_FILE
}

/** Fills in a reply's `body`, `source` and `kind`. */
export function encodeBody(body: unknown, into: Pick<CheckedReply, 'body' | 'source' | 'kind'>): void {
  if (body === undefined || body === null) return
  if (typeof body === 'string') {
    into.body = body
  } else if (isUint8Array(body)) {
    into.body = body
    into.kind = BODY_BYTES
  } else if (isSource(body)) {
    into.source = body
    into.kind = BODY_BYTES
  } else {
    into.body = bodyText(body)
    into.kind = BODY_JSON
  }
}

/**
 * JSON text of a body.
 *
 * @throws {SocketError} `EBADDATA` for what has no faithful JSON form: functions, promises, typed arrays, cycles.
 */
export function bodyText(body: unknown): string {
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer)
    throw new SocketError('EBADDATA', `a body of bytes must be a Uint8Array, not ${body.constructor.name}`)
  if (typeof (body as { then?: unknown }).then === 'function')
    throw new SocketError('EBADDATA', 'a body cannot be a promise: await it first')
  return jsonText(body, 'a body', { code: 'EBADDATA' })
}
