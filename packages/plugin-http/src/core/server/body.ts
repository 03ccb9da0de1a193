/**
 * Request bodies: whole up to a limit, or in chunks.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import {
  isCoded,
  refusedCoding,
  resumeBody,
  stopUnpacking,
  unpackBody,
} from '../decompress/request-coding.ts'
import type { DecompressRules } from '../decompress/rules.ts'
import { type HttpResponse, sendProblem } from './response.ts'
import { connectionOf } from './tracking.ts'

export { resumeBody }

/** Why a body is not taken. */
export interface Refusal {
  readonly status: 400 | 413 | 415 | 500 | 507
  readonly detail: string
  /** Fields of the answer, names and values in turn. */
  readonly headers?: readonly string[]
}

/** A body of more bytes than are taken. */
export function tooLarge(limit: number): Refusal {
  return { status: 413, detail: `The body is over the limit of ${limit} bytes.` }
}

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
 * Answers 415 to a request whose body is packed in a way that nobody here undoes (RFC 9110 section 15.5.16). False: it
 * was answered.
 */
export function acceptCoding(
  request: IncomingMessage,
  response: HttpResponse,
  rules: DecompressRules | undefined,
): boolean {
  const accepted = refusedCoding(request, rules)
  if (accepted === undefined) return true
  refuseBody(request, response, {
    status: 415,
    detail: `The body has a Content-Encoding that is not taken. This takes: ${accepted}.`,
    headers: ['Accept-Encoding', accepted],
  })
  return false
}

/**
 * Answers a request without reading the rest of its body. The connection cannot be used again: where the next request
 * begins is behind that rest.
 */
export function refuseBody(request: IncomingMessage, response: HttpResponse, refusal: Refusal): void {
  reportRefusal(request, refusal)
  abandonBody(request, response)
  if (response.headersSent || response.refusing?.(refusal)) return
  sendProblem(response, refusal.status, refusal.detail, refusal.headers)
}

/** A line in the log for a body that is not taken. */
export function reportRefusal({ socket }: IncomingMessage, { status, detail }: Refusal): void {
  const http = connectionOf(socket)
  if (!http) return
  const { address, port } = http.addr
  http.listener.socket.log('debug', 'refused what a client sent', { status, detail, address, port })
}

/** Has the connection closed after the response, and what is left of the request thrown away. */
export function abandonBody(request: IncomingMessage, response: HttpResponse): void {
  connectionOf(request.socket)?.closeAfter(response)
  stopUnpacking(request)
  request.removeAllListeners('data').removeAllListeners('end')
  request.resume()
}

/** What is told about a body as it arrives. */
export interface BodyReceiver {
  /** False: wait for {@link resumeBody}. */
  bodyChunk(data: Buffer): boolean
  /** `trailers` has names and values in turn. */
  bodyEnd(trailers: readonly string[]): void
  /** The body is larger than allowed, or not what it is said to be; the receiver gets no more of it. */
  bodyRefused(refusal: Refusal): void
}

/** Reads a body up to the limit, and lets a client that waits for it go on. */
export function readBody(
  request: IncomingMessage,
  response: HttpResponse,
  limit: number,
  receiver: BodyReceiver,
): void {
  if (announcesTooMuch(request, limit)) {
    receiver.bodyRefused(tooLarge(limit))
    return
  }
  if (response.expectsContinue) response.writeContinue()
  if (isCoded(request)) {
    // A client that leaves is worth no more work, however much of it is in hand.
    response.once('close', () => stopUnpacking(request))
    unpackBody(request, limit, {
      chunk: data => receiver.bodyChunk(data),
      end: () => receiver.bodyEnd(request.rawTrailers),
      exceed: () => receiver.bodyRefused(tooLarge(limit)),
      refuse: (status, detail) => receiver.bodyRefused({ status, detail }),
    })
    return
  }
  let size = 0
  request.on('data', (data: Buffer) => {
    size += data.length
    if (size > limit) receiver.bodyRefused(tooLarge(limit))
    else if (!receiver.bodyChunk(data)) request.pause()
  })
  request.on('end', () => receiver.bodyEnd(request.rawTrailers))
}

/** Collects a whole body. */
export class BodyCollector implements BodyReceiver {
  readonly #request: IncomingMessage
  readonly #response: HttpResponse
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

  bodyRefused(refusal: Refusal): void {
    this.#chunks = []
    refuseBody(this.#request, this.#response, refusal)
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
