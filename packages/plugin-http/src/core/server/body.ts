/**
 * Request bodies: whole up to a limit, or in chunks.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { type HttpResponse, sendProblem } from './response.ts'
import { connectionOf } from './tracking.ts'

/** Whether a request has a body (RFC 9112 section 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request
  const length = headers['content-length']
  return (length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined
}

/** Whether a request's Content-Length says that its body is over the limit. */
export function announcesTooMuch(request: IncomingMessage, limit: number): boolean {
  const length = request.headers['content-length']
  return length !== undefined && Number(length) > limit
}

/**
 * Answers a request without reading the rest of its body. The connection cannot be used again: where the next request
 * begins is behind that rest.
 */
export function refuseBody(request: IncomingMessage, response: HttpResponse, limit: number): void {
  abandonBody(request, response)
  sendProblem(response, 413, `The body is over the limit of ${limit} bytes.`)
}

/** Has the connection closed after the response, and what is left of the request thrown away. */
export function abandonBody(request: IncomingMessage, response: HttpResponse): void {
  connectionOf(request.socket)?.closeAfter(response)
  request.removeAllListeners('data').removeAllListeners('end')
  request.resume()
}

/** What is told about a body as it arrives. */
export interface BodyReceiver {
  /** False: wait for the request to be resumed. */
  bodyChunk(data: Buffer): boolean
  /** `trailers` has names and values in turn. */
  bodyEnd(trailers: readonly string[]): void
  /** The body is larger than allowed; the receiver gets no more of it. */
  bodyTooLarge(): void
}

/** Reads a body up to the limit, and lets a client that waits for it go on. */
export function readBody(
  request: IncomingMessage,
  response: HttpResponse,
  limit: number,
  receiver: BodyReceiver,
): void {
  if (announcesTooMuch(request, limit)) {
    receiver.bodyTooLarge()
    return
  }
  if (response.expectsContinue) response.writeContinue()
  let size = 0
  request.on('data', (data: Buffer) => {
    size += data.length
    if (size > limit) receiver.bodyTooLarge()
    else if (!receiver.bodyChunk(data)) request.pause()
  })
  request.on('end', () => receiver.bodyEnd(request.rawTrailers))
}

/** Collects a whole body. */
export class BodyCollector implements BodyReceiver {
  readonly #request: IncomingMessage
  readonly #response: HttpResponse
  readonly #limit: number
  readonly #done: (body: Buffer | null, trailers: readonly string[]) => void
  #chunks: Buffer[] = []
  #size = 0

  constructor(
    request: IncomingMessage,
    response: HttpResponse,
    limit: number,
    done: (body: Buffer | null, trailers: readonly string[]) => void,
  ) {
    this.#request = request
    this.#response = response
    this.#limit = limit
    this.#done = done
    readBody(request, response, limit, this)
  }

  bodyChunk(data: Buffer): boolean {
    this.#chunks.push(data)
    this.#size += data.length
    return true
  }

  bodyEnd(trailers: readonly string[]): void {
    this.#done(this.#whole(), trailers)
  }

  bodyTooLarge(): void {
    this.#chunks = []
    refuseBody(this.#request, this.#response, this.#limit)
  }

  /** Memory of its own where there are several chunks: a large body is handed over, not copied. */
  #whole(): Buffer | null {
    if (this.#chunks.length < 2) return this.#chunks[0] ?? null
    const whole = Buffer.allocUnsafeSlow(this.#size)
    let at = 0
    for (const chunk of this.#chunks) at += chunk.copy(whole, at)
    return whole
  }
}
