/**
 * A response on an HTTP/2 stream: node:http's in all that programs and libraries see of it.
 * @module
 */
import type { OutgoingHttpHeader } from 'node:http'
import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { HttpResponse } from '../server/response.ts'
import type { StreamChannel } from './channel.ts'
import { addField } from './head.ts'
import type { Http2Message } from './message.ts'

type Callback = () => void
type Fields = Readonly<Record<string, OutgoingHttpHeader>> | readonly OutgoingHttpHeader[]

export class Http2Response extends HttpResponse {
  readonly #stream: ServerHttp2Stream
  readonly #channel: StreamChannel
  #head: OutgoingHttpHeaders | undefined
  /** The head has left. */
  #begun = false
  #bodiless: boolean
  #trailers: OutgoingHttpHeaders | undefined
  /** Bytes of the body that its Content-Length promises. */
  #promised: number | undefined
  #written = 0

  constructor(message: Http2Message, stream: ServerHttp2Stream, channel: StreamChannel) {
    super(message)
    this.#stream = stream
    this.#channel = channel
    this.#bodiless = message.method === 'HEAD'
    ;(this as { socket: unknown }).socket = channel
  }

  /** There is a head: it is sent, or waits for what comes with it. */
  get begun(): boolean {
    return this.#head !== undefined
  }

  /** Fields that were set one by one, then those that are given here, which win. */
  protected override emitHead(status: number, given: unknown): this {
    if (this.#head) throw failure('ERR_HTTP_HEADERS_SENT', 'a response has one head')
    if (!Number.isInteger(status) || status < 200 || status > 999)
      throw failure('ERR_HTTP_INVALID_STATUS_CODE', `not the status of a response: ${status}`)
    const head: OutgoingHttpHeaders = { ':status': status }
    const fields = given as Fields | undefined
    for (const name of this.getHeaderNames())
      if (!names(fields, name)) addLines(head, name, this.getHeader(name)!)
    if (Array.isArray(fields))
      for (let i = 0; i < fields.length; i += 2) addLines(head, fields[i], fields[i + 1])
    else if (fields) for (const [name, value] of Object.entries(fields)) addLines(head, name, value)
    const length = head['content-length']
    if (length !== undefined) this.#promised = Number(length)
    this.statusCode = status
    if (status === 204 || status === 205 || status === 304) this.#bodiless = true
    this.#head = head
    return this
  }

  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (this.finished) throw failure('ERR_STREAM_WRITE_AFTER_END', 'the response has ended')
    const body = bytesOf(chunk, encoding)
    const taken = (typeof encoding === 'function' ? encoding : callback) as Callback | undefined
    this.#begin()
    if (this.#bodiless) {
      if (taken) process.nextTick(taken)
      return true
    }
    this.#count(body.length)
    return this.#channel.write(body, taken)
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (this.finished) return this
    const given = typeof chunk === 'function' || chunk === undefined || chunk === null ? undefined : chunk
    const body = given === undefined ? undefined : bytesOf(given, encoding)
    for (const done of [callback, encoding, chunk])
      if (typeof done === 'function') this.once('finish', done as Callback)
    if (!this.#head) this.writeHead(this.statusCode)
    if (body) this.#count(body.length)
    if (this.strictContentLength && !this.#bodiless && this.#promised !== undefined)
      if (this.#written !== this.#promised) throw mismatch(this.#written, this.#promised)
    this.finished = true
    this.#finish(body)
    return this
  }

  override flushHeaders(): void {
    this.#begin()
  }

  override addTrailers(trailers: unknown): void {
    this.#trailers ??= {}
    const pairs = Array.isArray(trailers) ? trailers : Object.entries(trailers as object)
    for (const [name, value] of pairs) addField(this.#trailers, name, String(value))
  }

  override writeContinue(callback?: Callback): void {
    this.#inform({ ':status': 100 }, callback)
  }

  override writeProcessing(callback?: Callback): void {
    this.#inform({ ':status': 102 }, callback)
  }

  override writeEarlyHints(hints: Record<string, string | string[]>, callback?: Callback): void {
    const head: OutgoingHttpHeaders = { ':status': 103 }
    for (const [name, value] of Object.entries(hints)) addLines(head, name, value)
    this.#inform(head, callback)
  }

  /** The stream is over: tells who listens whether the response was sent whole. */
  over(whole: boolean): void {
    if (whole) this.emit('finish')
    this.destroyed = true
    this.emit('close')
  }

  #inform(head: OutgoingHttpHeaders, callback: Callback | undefined): void {
    if (!this.#begun && !this.#stream.closed && !this.#stream.destroyed) this.#stream.additionalHeaders(head)
    callback?.()
  }

  #count(length: number): void {
    this.#written += length
    if (this.visit && !this.#bodiless) this.visit.bytes += length
    if (this.strictContentLength && this.#promised !== undefined && this.#written > this.#promised)
      throw mismatch(this.#written, this.#promised)
  }

  /** Sends the head of a response whose body follows, maybe with trailers. */
  #begin(): void {
    if (!this.#head) this.writeHead(this.statusCode)
    if (this.#begun) return
    this.#begun = true
    this.#respond(this.#bodiless, !this.#bodiless)
    this.#channel.on('drain', this.#drained)
  }

  readonly #drained = (): void => void this.emit('drain')

  /** The client has not taken what was written to it. */
  get waits(): boolean {
    return this.#channel.writableNeedDrain
  }

  #finish(body: Buffer | undefined): void {
    const empty = this.#bodiless || body === undefined || body.length === 0
    if (!this.#begun) {
      const trails = this.#trailers !== undefined && !this.#bodiless
      this.#begun = true
      this.#respond(empty && !trails, trails)
      if (empty && !trails) return
    } else {
      this.#channel.off('drain', this.#drained)
      if (this.#bodiless) return
    }
    this.#channel.finish(empty ? undefined : body)
  }

  #respond(endStream: boolean, waitForTrailers: boolean): void {
    const stream = this.#stream
    if (stream.destroyed || stream.closed) return
    if (waitForTrailers) stream.on('wantTrailers', () => stream.sendTrailers(this.#trailers ?? {}))
    stream.respond(this.#head!, { endStream, waitForTrailers })
  }
}

// Properties by their type, which no accessor of a class may override.
Object.defineProperties(Http2Response.prototype, {
  headersSent: {
    get(this: Http2Response): boolean {
      return this.begun
    },
  },
  writableNeedDrain: {
    get(this: Http2Response): boolean {
      return this.waits
    },
  },
})

function bytesOf(chunk: unknown, encoding: unknown): Buffer {
  if (typeof chunk === 'string')
    return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8')
  if (Buffer.isBuffer(chunk)) return chunk
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  throw failure('ERR_INVALID_ARG_TYPE', 'a body is made of text and bytes')
}

function addLines(head: OutgoingHttpHeaders, name: unknown, value: unknown): void {
  if (Array.isArray(value)) for (const line of value) addField(head, String(name), String(line))
  else addField(head, String(name), String(value))
}

function names(fields: Fields | undefined, wanted: string): boolean {
  if (fields === undefined) return false
  const all = Array.isArray(fields) ? fields.filter((_, i) => i % 2 === 0) : Object.keys(fields)
  return all.some(name => String(name).toLowerCase() === wanted)
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

function mismatch(written: number, promised: number): Error {
  return failure(
    'ERR_HTTP_CONTENT_LENGTH_MISMATCH',
    `the body has ${written} bytes, but its Content-Length says ${promised}`,
  )
}
