/**
 * A response as the program sees it.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import { type HttpRequestHeaders, parseHeaders, splitHeaders } from '../core/headers.ts'
import type { ResponseBody } from './response-body.ts'
import type { TellWire } from './wire.ts'

const EMPTY = Buffer.alloc(0)
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** An HTTP response. Everything is parsed when it is read first. */
export class HttpResponse<R = unknown> {
  readonly fd: number
  /** What was written or asked, as it was. */
  readonly request: R
  protected readonly wire: TellWire
  protected readonly stream: ResponseBody | undefined
  #rawHeaders: string[] | undefined
  #headers: HttpRequestHeaders | undefined

  constructor(wire: TellWire, fd: number, request: R, stream?: ResponseBody) {
    this.wire = wire
    this.fd = fd
    this.request = request
    this.stream = stream
  }

  get status(): number {
    return this.wire[2]
  }

  /** What the server says beside the status; often empty. */
  get reason(): string {
    return this.wire[3]
  }

  /** A status from 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  /** What was asked in the end, redirects followed. */
  get url(): string {
    return this.wire[4]
  }

  /** How many redirects were followed. */
  get redirects(): number {
    return this.wire[5]
  }

  /** Names and values in turn, as they came. */
  get raw_headers(): readonly string[] {
    this.#rawHeaders ??= splitHeaders(this.wire[6])
    return this.#rawHeaders
  }

  /** Header fields by lower-case name, by the rules of a request's. */
  get headers(): HttpRequestHeaders {
    this.#headers ??= parseHeaders(this.raw_headers)
    return this.#headers
  }

  /** Trailer fields (RFC 9110 section 6.5). A streamed body has them at its end. */
  get trailers(): HttpRequestHeaders {
    return parseHeaders(splitHeaders(this.stream ? this.stream.joinedTrailers : this.wire[8]))
  }

  /** What it came by: `'2.0'` for HTTP/2, else `'1.1'`. */
  get version(): string {
    return this.wire[10] ?? '1.1'
  }

  /** It was stored by CACHE_ENABLE, and the server asked at most whether it is still good. */
  get from_cache(): boolean {
    return this.wire[9] === true
  }

  /** Seconds since it was made or found to be good, where caches have kept it (RFC 9111 section 5.1). */
  get age(): number | undefined {
    const { age } = this.headers
    return typeof age === 'string' && /^\d+$/.test(age) ? Number(age) : undefined
  }

  /** The whole body, decoded, empty where there is none; the stream of it where that was asked for. */
  get body(): Buffer | ResponseBody {
    return this.stream ?? this.whole
  }

  /** The body where it came whole. */
  protected get whole(): Buffer {
    const body = this.wire[7]
    if (body === null || body === true) return EMPTY
    if (typeof body === 'string') return Buffer.from(body)
    return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  }

  /** The whole body, read to its end where it is streamed. */
  async bytes(): Promise<Buffer> {
    if (!this.stream) return this.whole
    const chunks: Buffer[] = []
    for await (const chunk of this.stream) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** The whole body as UTF-8. */
  async text(): Promise<string> {
    return (this.stream ? await this.bytes() : this.whole).toString('utf8')
  }

  /**
   * The whole body, parsed.
   *
   * @throws {SocketError} `EPROTO` when it is not JSON.
   */
  async json(): Promise<unknown> {
    const text = this.stream ? await this.text() : this.whole.toString('utf8')
    try {
      return JSON.parse(text)
    } catch (cause) {
      const reason = `the body of ${this.url} is not JSON: ${(cause as Error).message}`
      throw new SocketError('EPROTO', reason, { fd: this.fd, cause })
    }
  }

  /** The response as a plain mapping. */
  toJSON(): Record<string, unknown> {
    const { fd, version, status, reason, url, redirects, headers, trailers, body, from_cache } = this
    return {
      fd,
      version,
      status,
      reason,
      url,
      redirects,
      headers,
      trailers,
      body,
      ...(from_cache && { from_cache }),
    }
  }

  [INSPECT](): unknown {
    return this.toJSON()
  }
}
