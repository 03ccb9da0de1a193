/**
 * One HTTP/2 stream that is served: the request that it brings and the response that it takes.
 * @module
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { HttpConnection } from '../server/connection.ts'
import { Timed } from '../server/deadlines.ts'
import type { StreamChannel } from './channel.ts'
import type { RequestHead } from './head.ts'
import { Http2Message } from './message.ts'
import { Http2Response } from './response.ts'

/** What a stream tells its connection. */
export interface StreamOwner {
  /** It is over. `reusable`: its channel can have another. */
  ended(served: ServedStream, reusable: boolean): void
  /** Its request's body is on its way. */
  limitBody(served: ServedStream): void
}

/** RFC 9113 section 7. */
const NO_ERROR = 0x0

export class ServedStream extends Timed {
  readonly http: HttpConnection
  readonly channel: StreamChannel
  readonly message: Http2Message
  readonly response: Http2Response
  readonly #owner: StreamOwner
  readonly #stream: ServerHttp2Stream

  constructor(
    owner: StreamOwner,
    http: HttpConnection,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    head: RequestHead,
  ) {
    super()
    this.http = http
    this.channel = http.socket as unknown as StreamChannel
    this.channel.stream = stream
    this.#owner = owner
    this.#stream = stream
    const hasBody = !stream.endAfterHeaders
    this.message = new Http2Message(this.channel, stream, head, headers, hasBody)
    this.response = new Http2Response(this.message, stream, this.channel)
    // What an error means is told by how the stream closes.
    stream.on('error', ignore).on('close', () => this.#closed())
    if (hasBody) stream.on('finish', () => this.#responded())
  }

  /** The response was sent whole. */
  get answered(): boolean {
    return this.response.finished && this.#stream.writableFinished
  }

  /** The client did not wait for the response. */
  get resetByClient(): boolean {
    return !this.channel.destroyed && !this.answered
  }

  /** Serves the request. */
  begin(): void {
    if (!this.message.complete) this.#owner.limitBody(this)
    this.response.expectsContinue = this.message.headers.expect !== undefined
    this.http.request(this.message, this.response)
  }

  /** The request has not arrived in HTTP_READ_TIMEOUT. */
  override expire(): void {
    if (!this.message.complete) this.http.fail({ status: 408, code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  }

  /** RFC 9113 section 8.1: the rest of a request that has its response is not waited for. */
  #responded(): void {
    if (this.response.finished && !this.message.complete) this.#stream.close(NO_ERROR)
  }

  #closed(): void {
    const { channel, http, message, response, answered } = this
    this.list?.clear(this)
    channel.setTimeout(0)
    response.over(answered)
    if (answered) http.answered(response)
    const reusable = answered && message.complete && http.idle && !channel.destroyed && !channel.writableEnded
    this.#owner.ended(this, reusable)
    if (!message.complete) message.destroy()
  }
}

function ignore(): void {}
