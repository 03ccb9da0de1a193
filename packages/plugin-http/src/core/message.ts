/**
 * A request's head, read from the wire when asked for.
 * @module
 */
import type { Addr, OwnerPort } from '@unisock/kernel/plugin'
import type { Front } from './apache/front.ts'
import { stateOf } from './exchange-state.ts'
import { type HttpRequestHeaders, parseHeaders, splitHeaders } from './headers.ts'
import { fieldsBehind, type RequestTrace, readIdentity } from './monitor/identity.ts'
import { type FormPart, FormParts } from './upload/form-parts.ts'
import { UploadedFile } from './upload/uploaded-file.ts'
import { type FormWire, PARTS_FOLLOW } from './upload/wire.ts'
import { decodePath, parseQuery, type QueryParams, rawPath, rawQuery } from './uri.ts'
import type { RequestWire } from './wire.ts'

const LOCAL: Addr = { address: '', port: 0, family: 'local' }
const NO_FILES: readonly UploadedFile[] = []
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
  #form: FormWire | undefined
  #files: readonly UploadedFile[] | undefined
  #identity: { id: string; trace: RequestTrace } | undefined
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

  /** `'1.0'`, `'1.1'` or `'2.0'`; behind a FastCGI server what the client speaks to that. */
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
    this.#rawHeaders ??= splitHeaders(fieldsBehind(this.#joined))
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

  /** Where a client that comes back to server-sent events had got to; undefined for one that is new. */
  get last_event_id(): string | undefined {
    const id = this.headers['last-event-id']
    // It is UTF-8, whatever other fields are.
    return typeof id === 'string' ? Buffer.from(id, 'latin1').toString('utf8') : undefined
  }

  /** Trailer fields (RFC 9110 section 6.5), by the rules of {@link headers}. A streamed body has them at its end. */
  get trailers(): HttpRequestHeaders {
    if (this.#trailers) return this.#trailers
    const body = stateOf(this.port)?.body
    const trailers = parseHeaders(splitHeaders(body ? body.joinedTrailers : this.wire[5]))
    if (!body || body.readableEnded) this.#trailers = trailers
    return trailers
  }

  /** The files of a form, where HTTP_UPLOAD writes them to the disk. */
  get files(): readonly UploadedFile[] {
    this.#files ??= this.form?.files.map(file => new UploadedFile(file)) ?? NO_FILES
    return this.#files
  }

  /** The parts of a form as they come, where HTTP_UPLOAD has `mode: 'stream'`; undefined for what is no form. */
  get parts(): AsyncIterableIterator<FormPart> | undefined {
    const body = stateOf(this.port)?.body
    return body instanceof FormParts ? body : undefined
  }

  /** A form that was taken in. */
  protected get form(): FormWire | undefined {
    const body = this.wire[4]
    if (typeof body !== 'string' || body === PARTS_FOLLOW) return undefined
    this.#form ??= JSON.parse(body) as FormWire
    return this.#form
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

  /** The id of MONITOR_TRACE; undefined without that. */
  get id(): string | undefined {
    return this.#known?.id
  }

  /** The place in a trace (MONITOR_TRACE); undefined without that. Clients take it as a request's `trace`. */
  get trace(): RequestTrace | undefined {
    return this.#known?.trace
  }

  get #known(): { id: string; trace: RequestTrace } | undefined {
    this.#identity ??= readIdentity(this.#joined)
    return this.#identity
  }

  get #joined(): string {
    const fields = this.wire[3]
    return typeof fields === 'string' ? fields : fields[0]
  }

  /** Aborts when the exchange ends in an error before its answer is complete: above all, when the client leaves. */
  get signal(): AbortSignal {
    this.#signal ??= abortSignal(this.port)
    return this.#signal
  }

  /** The head as a plain mapping. */
  toJSON(): Record<string, unknown> {
    const { method, uri, path, query, query_params, version, headers, trailers, remote, fd, front, files } =
      this
    const { id, trace } = this
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
      ...(files.length > 0 && { files }),
      ...(trace && { id, trace }),
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
