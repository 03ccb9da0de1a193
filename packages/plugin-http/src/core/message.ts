/**
 * A request's head, read from the wire when asked for.
 * @module
 */
import type { Addr, OwnerPort } from '@unisock/kernel/plugin'
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

  /** `'1.1'` or `'1.0'`. */
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
    this.#rawHeaders ??= splitHeaders(this.wire[3])
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

  /** The client. */
  get remote(): Addr {
    return this.port.addr ?? LOCAL
  }

  /** Aborts when the exchange ends in an error before its answer is complete: above all, when the client leaves. */
  get signal(): AbortSignal {
    this.#signal ??= abortSignal(this.port)
    return this.#signal
  }

  /** The head as a plain mapping. */
  toJSON(): Record<string, unknown> {
    const { method, uri, path, query, query_params, version, headers, trailers, remote, fd } = this
    return { method, uri, path, query, query_params, version, headers, trailers, remote, fd }
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
