/**
 * A request of an HTTP/2 stream in the form of node:http's.
 * @module
 */
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { IncomingMessage } from '../server/node-http.ts'
import type { StreamChannel } from './channel.ts'
import type { RequestHead } from './head.ts'

export class Http2Message extends IncomingMessage {
  readonly #stream: ServerHttp2Stream
  #reads = false

  /** @param hasBody The stream goes on behind the head. */
  constructor(
    channel: StreamChannel,
    stream: ServerHttp2Stream,
    head: RequestHead,
    headers: IncomingHttpHeaders,
    hasBody: boolean,
  ) {
    super(channel.asSocket())
    this.#stream = stream
    this.method = head.method
    this.url = head.uri
    this.httpVersion = '2.0'
    this.httpVersionMajor = 2
    this.httpVersionMinor = 0
    this.rawHeaders = head.rawHeaders
    headers.host ??= headers[':authority']
    // By what HTTP/1.1 has for it, the rest of the worker knows that there is a body of unknown length.
    if (hasBody && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked'
    this.headers = headers
    this.complete = !hasBody
  }

  override _read(): void {
    if (this.complete) this.push(null)
    else if (this.#reads) this.#stream.resume()
    else this.#begin()
  }

  /** What nobody reads does not leave the stream's window. */
  #begin(): void {
    this.#reads = true
    this.#stream
      .on('data', (chunk: Buffer) => {
        if (!this.push(chunk)) this.#stream.pause()
      })
      .on('end', () => {
        // A stream that the client has reset ends as well: what came of the body is not all of it.
        if (this.#stream.closed) return
        this.complete = true
        this.push(null)
      })
      .on('trailers', (...[, , raw]: unknown[]) => {
        this.rawTrailers = raw as string[]
      })
  }
}
