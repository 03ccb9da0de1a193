/**
 * A request's head, read from the wire when asked for.
 * @module
 */
import type { Addr, OwnerPort } from '@unisock/kernel/plugin'
import type { Front } from './apache/front.ts'
import { stateOf } from './exchange-state.ts'
import { type HttpRequestHeaders, parseHeaders, splitHeaders } from './headers.ts'
import { decodePath, parseQuery, type QueryParams, rawPath, rawQuery } from './uri.ts'
import type { RequestWire } from './wire.ts'

const LOCAL: Addr = { address: '', port: 0, family: 'local' }
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** Everything of a request but its body. */
export class HttpMessage<W extends RequestWire = RequestWire> {
  protected readonly wire: W
  protected readonly port: OwnerPort
  #path: string | undefined
  #query: string | undefined
  #queryParams: QueryParams | undefined
  #rawHeaders: string[] | undefined
  #headers: HttpRequestHeaders | undefined
  #trailers: HttpRequestHeaders | undefined
  #front: Front | undefined
  #signal: AbortSignal | undefined

  constructor(wire: W, port: OwnerPort) {
    this.wire = wire
    this.port = port
  }

  /** The exchange's fd: what the answer is written to. */
  get fd(): number {
    return this.port.fd
  }

  /** `GET`, `POST` … as sent: methods are case-sensitive (RFC 9110 section 9.1). */
  get method(): string {
    return this.wire[0]
  }

  /** The request's target as sent. */
  get uri(): string {
    return this.wire[1]
  }

  /** `'1.1'` or `'1.0'`; behind a web server what the client speaks to that, such as `'2.0'`. */
  get version(): string {
    return this.wire[2]
  }

  /** The target's path, percent-decoded. `+` is a plus; escapes that do not decode stay as they are. */
  get path(): string {
    this.#path ??= decodePath(rawPath(this.uri))
    return this.#path
  }

  /** The target's query as sent, without `?`. */
  get query(): string {
    this.#query ??= rawQuery(this.uri)
    return this.#query
  }

  /** The decoded query. A repeated key has an array; the mapping has no prototype. */
  get query_params(): QueryParams {
    this.#queryParams ??= parseQuery(this.query)
    return this.#queryParams
  }

  /** Names and values in turn, as sent. */
  get raw_headers(): readonly string[] {
    const fields = this.wire[3]
    this.#rawHeaders ??= splitHeaders(typeof fields === 'string' ? fields : fields[0])
    return this.#rawHeaders
  }

  /**
   * Header fields by lower-case name. `set-cookie` is an array, `cookie` is joined with `; `, fields that are single
   * by definition have their first line, others are joined with `, `.
   */
  get headers(): HttpRequestHeaders {
    this.#headers ??= parseHeaders(this.raw_headers)
    return this.#headers
  }

  /** Trailer fields (RFC 9110 section 6.5), by the rules of {@link headers}. A streamed body has them at its end. */
  get trailers(): HttpRequestHeaders {
    if (this.#trailers) return this.#trailers
    const body = stateOf(this.port)?.body
    const trailers = parseHeaders(splitHeaders(body ? body.joinedTrailers : this.wire[5]))
    if (!body || body.readableEnded) this.#trailers = trailers
    return trailers
  }

  /** The client, as the web server in front knows it where that is believed. */
  get remote(): Addr {
    return this.port.addr ?? LOCAL
  }

  /** What the web server in front says; undefined where none is believed. See the Apache options, 302 and 306-308. */
  get front(): Front | undefined {
    const fields = this.wire[3]
    if (typeof fields === 'string') return undefined
    this.#front ??= JSON.parse(fields[1]) as Front
    return this.#front
  }

  /** Whom the web server in front has authenticated (APACHE_AUTH_PASSTHROUGH). */
  get remote_user(): string | undefined {
    return this.front?.remote_user
  }

  /** The CGI variables that APACHE_CGI_ENV_VARS lets pass. */
  get env(): Readonly<Record<string, string>> {
    return this.front?.env ?? {}
  }

  /** Aborts when the exchange ends in an error before its answer is complete: above all, when the client leaves. */
  get signal(): AbortSignal {
    this.#signal ??= abortSignal(this.port)
    return this.#signal
  }

  /** The head as a plain mapping. */
  toJSON(): Record<string, unknown> {
    const { method, uri, path, query, query_params, version, headers, trailers, remote, fd, front } = this
    return {
      method,
      uri,
      path,
      query,
      query_params,
      version,
      headers,
      trailers,
      remote,
      fd,
      ...(front && { front }),
    }
  }

  [INSPECT](): unknown {
    return this.toJSON()
  }
}

function abortSignal(port: OwnerPort): AbortSignal {
  if (port.ended) return AbortSignal.abort()
  const controller = new AbortController()
  port.onEnd(error => {
    if (error) controller.abort(error)
  })
  return controller.signal
}
