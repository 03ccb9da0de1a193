/**
 * One request while it is watched: what the log and the metrics are told when it is over.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Addr } from '@unisock/kernel/plugin'
import { admittedOf } from '../apache/door.ts'
import type { HttpResponse } from '../server/response.ts'

export class Visit {
  readonly request: IncomingMessage
  /** Undefined where nothing but its head was written. */
  readonly response: HttpResponse | undefined
  readonly #peer: Addr
  /** Milliseconds since 1970. */
  readonly time = Date.now()
  readonly #startedAt = performance.now()
  /** Of the response's body, as they were handed to the connection. */
  bytes = 0
  /** Of a request's body that does not say its length. */
  #received = 0
  /** The exchange's fd, once the program has the request. */
  fd: number | undefined = undefined
  /** The pattern of the route that it came by. */
  route: string | undefined = undefined
  /** The parameters of Cache-Status, where the cache answered. */
  cache: string | undefined = undefined
  /** Who asks, where the server has made sure. */
  user: string | undefined = undefined

  constructor(request: IncomingMessage, response: HttpResponse | undefined, peer: Addr) {
    this.request = request
    this.response = response
    this.#peer = peer
    if (request.headers['transfer-encoding'] !== undefined) this.#count(request)
  }

  /** The client, as the web server in front knows it where that is believed. */
  get client(): Addr {
    return admittedOf(this.request)?.client ?? this.#peer
  }

  /** Milliseconds since it arrived. */
  get duration(): number {
    return performance.now() - this.#startedAt
  }

  /** Bytes of the request's body. One that has not come in full is none of the length that it was announced with. */
  get received(): number {
    if (this.#received > 0 || !this.request.complete) return this.#received
    const length = Number(this.request.headers['content-length'] ?? 0)
    return Number.isFinite(length) ? length : 0
  }

  /** A part of the response's body. */
  wrote(chunk: unknown, encoding: unknown): void {
    if (this.request.method === 'HEAD') return
    if (typeof chunk === 'string') this.bytes += Buffer.byteLength(chunk, encoding as BufferEncoding)
    else if (chunk instanceof Uint8Array) this.bytes += chunk.byteLength
  }

  #count(request: IncomingMessage): void {
    const push = request.push
    request.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk instanceof Uint8Array) this.#received += chunk.byteLength
      return push.call(request, chunk, encoding)
    }
  }
}
