/**
 * One request and its response: the driver of an exchange's fd.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Writable } from 'node:stream'
import {
  type CloseOptions,
  type Connection,
  type Driver,
  SocketError,
  TLS_SESSION,
  toSocketError,
} from '@unisock/kernel/plugin'
import { tlsSession } from '@unisock/sockets/engine'
import { type BodyWatch, chain, discard, type Streaming } from '../answer/filtering.ts'
import { Pings } from '../events/pings.ts'
import { BODY_FILE, type ChunkWire, type ResponseWire } from '../wire.ts'
import { abandonBody, type Refusal, reportRefusal, resumeBody } from './body.ts'
import type { HttpConnection } from './connection.ts'
import { Timed } from './deadlines.ts'
import { sendFile } from './file-response.ts'
import { type HttpResponse, sendHead, sendProblem, sendWhole } from './response.ts'
import { transportOf } from './stand-in.ts'

/** The answer is due, is being sent, or there is none to be sent any more. */
type State = 'due' | 'streaming' | 'done'

/** A chunk that has its memory for itself is handed over, not copied. */
const OWN = { transfer: true }

export class Exchange extends Timed implements Driver, BodyWatch {
  readonly request: IncomingMessage
  readonly response: HttpResponse
  /** The fd; set by what accepts the exchange. */
  connection!: Connection
  /** Called once, when the program has answered or nobody waits for it. */
  over: (() => void) | undefined = undefined
  readonly #http: HttpConnection
  #state: State = 'due'
  /** The request's body arrives in chunks, and not all of it has. */
  #receiving = false
  /** The owner gives no credit for more chunks. */
  #paused = false
  /** What the chunks of the answer are written to; undefined: the client wants none of them. */
  #body: Writable | undefined
  #pings: Pings | undefined

  constructor(http: HttpConnection, request: IncomingMessage, response: HttpResponse) {
    super()
    this.#http = http
    this.request = request
    this.response = response
    this.#body = response
  }

  /** A {@link ResponseWire} first; chunks and an end where that announced them. */
  write(wire: ResponseWire | ChunkWire, last: boolean): boolean {
    if (this.#state === 'due') return this.#begin(wire as ResponseWire, last)
    if (this.#state === 'streaming') return this.#continue(wire as ChunkWire, last)
    return true
  }

  /** The program closed the fd instead of answering: 500, or an aborted response where it had begun. */
  close({ abort = false }: CloseOptions): void {
    const state = this.#state
    if (state === 'done') return
    this.#finish()
    if (abort || state === 'streaming') this.#http.socket.destroy()
    else this.#problem(500)
    this.response.cachePart?.abandon()
  }

  query(option: number): unknown {
    if (option === TLS_SESSION) return tlsSession(transportOf(this.#http.socket)) ?? null
    throw new SocketError('ENOTSUP', 'an exchange answers TLS_SESSION (338) only', { op: 'query' })
  }

  /** The owner has read what it was sent. */
  resume(): void {
    this.#paused = false
    if (this.#receiving) resumeBody(this.request)
  }

  /** The request's body follows in chunks. */
  receiving(): void {
    this.#receiving = true
  }

  /** A chunk of the request's body, or the head of a part. False: stop reading until {@link resume}. */
  bodyChunk(data: Buffer | string): boolean {
    this.#paused = !this.connection.emit(data, OWN)
    return !this.#paused
  }

  /** The request's body is complete. */
  bodyEnd(trailers: readonly string[]): void {
    this.#receiving = false
    this.connection.emit(trailers.length > 0 ? [trailers.join('\n')] : null)
  }

  /** The request's body is over a limit, or not what it is said to be. */
  bodyRefused(refusal: Refusal): void {
    reportRefusal(this.request, refusal)
    if (this.#state === 'due') this.#problem(refusal.status, refusal.detail)
    else this.#http.socket.destroy()
    this.fail(new SocketError('EPROTO', refusal.detail))
  }

  /** The exchange is over, whoever tells the client. */
  fail(error: SocketError): void {
    this.response.cachePart?.abandon()
    if (this.#body !== this.response) this.#body?.destroy()
    if (this.#state === 'done') return
    this.#finish()
    this.connection.close(error)
  }

  /** The program has not answered in HTTP_TIMEOUT. */
  override expire(): void {
    const { listener } = this.#http
    if (this.#receiving && !this.#paused) {
      listener.settings.answers.set(this)
      return
    }
    const { method, url = '' } = this.request
    const path = url.split('?', 1)[0]
    listener.socket.log('warn', `no answer in time: ${method} ${path}`, {
      method,
      path,
      fd: this.connection.fd,
    })
    this.#problem(503, 'The server took too long to answer.')
    this.fail(new SocketError('ETIMEDOUT', `no answer in HTTP_TIMEOUT: ${method} ${path}`))
  }

  #begin(wire: ResponseWire, last: boolean): boolean {
    const [status, headers, body, kind, ping] = wire
    const { defaultHeaders } = this.#http.listener.settings
    this.#beforeHead()
    if (kind === BODY_FILE) {
      this.#sendFile(status, headers, body as string)
      return true
    }
    try {
      if (body !== true) {
        this.#stopReceiving()
        this.#finish()
        if (!this.response.cachePart?.answer(status, headers, body, kind, defaultHeaders))
          sendWhole(this.response, status, headers, body, kind, defaultHeaders)
        this.ended()
        return true
      }
      const streaming = sendHead(this.response, status, headers, kind, defaultHeaders)
      this.response.cachePart?.head(status, headers, kind, defaultHeaders)
      if (last) {
        discard(streaming)
        return this.#endStream([])
      }
      if (streaming === 'no body') return this.#withoutBody()
      this.#beginStream(streaming)
      // Where the length was said, a comment would be in the place of what was meant by it.
      if (ping && !this.response.strictContentLength) this.#pings = new Pings(this.#body!, ping)
    } catch (error) {
      this.#unsendable(error)
    }
    return true
  }

  /** A filter has found that the head is all that the client is to have. */
  #withoutBody(): boolean {
    this.response.end()
    this.#body = undefined
    this.#state = 'streaming'
    if (this.response.cachePart?.isWaiting) return true
    this.#stopReceiving()
    this.#finish()
    this.connection.close()
    return true
  }

  #sendFile(status: number, headers: string[] | null, file: string): void {
    this.#stopReceiving()
    this.#state = 'streaming'
    const { listener } = this.#http
    // What is handed off is not in hand to be stored.
    this.response.cachePart?.head(status, headers, BODY_FILE, listener.settings.defaultHeaders)
    this.response.cachePart?.abandon()
    this.stalled()
    void sendFile(this.response, { status, headers, file }, listener, () => this.#state !== 'done').then(
      () => {
        if (this.#state !== 'done') this.#finish()
      },
      error => {
        // A client that has left is no failure.
        if (this.#state !== 'done') this.#unsendable(error)
      },
    )
  }

  #beforeHead(): void {
    this.list?.clear(this)
    if (this.#http.listener.draining) this.response.shouldKeepAlive = false
  }

  /** The rest of a body that nobody reads is not worth waiting for: RFC 9112 section 9.3 lets a server close. */
  #stopReceiving(): void {
    if (this.#receiving) abandonBody(this.request, this.response)
    this.#receiving = false
  }

  #beginStream(transforms: Exclude<Streaming, string>): void {
    this.#state = 'streaming'
    const { response } = this
    const body = transforms.length === 0 ? response : chain(response, transforms, this)
    this.#body = body
    response.on('drain', () => this.#http.socket.setTimeout(0))
    body.on('drain', () => this.connection.drained())
    // A chunk that came along leaves in one packet with the head.
    process.nextTick(() => {
      if (this.#state === 'streaming') response.flushHeaders()
    })
  }

  #continue(wire: ChunkWire, last: boolean): boolean {
    try {
      if (wire === null) return this.#endStream([])
      if (Array.isArray(wire)) return this.#endStream(wire[0])
      this.response.cachePart?.chunk(wire)
      this.#pings?.postpone()
      const taken = this.#body?.write(typeof wire === 'string' ? Buffer.from(wire) : wire) ?? true
      if (last) return this.#endStream([])
      if (!taken && this.#body === this.response) this.stalled()
      return taken
    } catch (error) {
      this.#unsendable(error)
      return true
    }
  }

  #endStream(trailers: readonly string[]): boolean {
    this.#stopReceiving()
    this.#finish()
    const pairs: [string, string][] = []
    for (let i = 0; i + 1 < trailers.length; i += 2) pairs.push([trailers[i]!, trailers[i + 1]!])
    if (pairs.length > 0) this.response.addTrailers(pairs)
    this.#body?.end()
    this.response.cachePart?.end()
    this.ended()
    return true
  }

  /** A client that takes nothing of what is written to it for HTTP_TIMEOUT is not waited for. */
  stalled(): void {
    const { socket, listener } = this.#http
    socket.setTimeout(listener.settings.answers.delay)
  }

  /** All of the answer was written. */
  ended(): void {
    if (this.#http.socket.writableLength > 0) this.stalled()
  }

  /** A filter could not go on with a body: what was sent of it must not pass for all. */
  failed(error: Error): void {
    this.#unsendable(error)
  }

  /** What the program sent cannot be a response, such as a stream of another length than its Content-Length says. */
  #unsendable(error: unknown): void {
    const { message } = toSocketError(error, 'EINVAL')
    this.#http.listener.socket.log('error', `a response could not be sent: ${message}`, {
      fd: this.connection.fd,
    })
    if (this.response.headersSent) this.#http.socket.destroy()
    else this.response.giveUp()
    this.fail(new SocketError('EINVAL', message))
  }

  #problem(status: Refusal['status'] | 503, detail?: string): void {
    this.#stopReceiving()
    if (status < 500 || !this.response.cachePart?.instead()) sendProblem(this.response, status, detail)
  }

  #finish(): void {
    this.#state = 'done'
    this.#pings?.stop()
    this.list?.clear(this)
    this.#http.forget(this)
    this.over?.()
  }
}
