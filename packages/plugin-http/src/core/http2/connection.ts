/**
 * A client's HTTP/2 connection: its streams, each a request, and what is allowed of it.
 * @module
 */
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { Addr } from '@unisock/kernel/plugin'
import type { ProtocolFailure } from '../server/client-errors.ts'
import type { HttpConnection } from '../server/connection.ts'
import { Timed } from '../server/deadlines.ts'
import type { HttpResponse } from '../server/response.ts'
import { StreamChannel } from './channel.ts'
import { readHead } from './head.ts'
import { ServedStream, type StreamOwner } from './served-stream.ts'

/** What a connection needs of its listener. */
export interface Http2Host {
  /** Bytes of a request's head. */
  readonly maxHeaderSize: number
  /** Requests that a client may take back before it has had answers to as many. */
  readonly maxResets: number
  /** Begins a connection of HTTP's for the requests on a channel. */
  begin(socket: Socket): HttpConnection
  /** Answers a request that is not HTTP's. */
  refuse(failure: ProtocolFailure, response: HttpResponse): void
  /** Sets the deadline of a request whose body arrives. */
  limitBody(stream: ServedStream): void
  /** Sets the deadline of a connection without requests. */
  limitIdling(connection: Http2Connection): void
  /** What a client sent is not HTTP/2, or more than is allowed. */
  refused(peer: Addr, reason: string, isAttack: boolean): void
  forget(connection: Http2Connection): void
}

/** How long a client may take to close what was closed to it, in milliseconds. */
const LINGER = 2000
/** RFC 9113 section 7. */
const PROTOCOL_ERROR = 0x1
const ENHANCE_YOUR_CALM = 0xb

export class Http2Connection extends Timed implements StreamOwner {
  readonly session: ServerHttp2Session
  readonly #socket: Socket
  readonly #peer: Addr
  readonly #host: Http2Host
  readonly #streams = new Set<ServedStream>()
  /** Channels without a stream, with their connections of HTTP's. */
  readonly #idle: HttpConnection[] = []
  #resets = 0
  #parted = false
  #refused = false

  constructor(session: ServerHttp2Session, socket: Socket, peer: Addr, host: Http2Host) {
    super()
    this.session = session
    this.#socket = socket
    this.#peer = peer
    this.#host = host
    session
      .on('stream', (...[stream, headers, , raw]: unknown[]) =>
        this.#serve(stream as ServerHttp2Stream, headers as IncomingHttpHeaders, raw as string[]),
      )
      .on('error', ({ code, message }: NodeJS.ErrnoException) => {
        if (code?.startsWith('ERR_HTTP2')) this.#refuse(message)
      })
      .on('close', () => this.#closed())
    // A connection whose client is gone may have no session any more to tell it to.
    socket.on('error', () => socket.destroy())
  }

  /** Serves the streams that have begun, and no others. */
  drain(): void {
    this.session.close()
    this.#part()
  }

  destroy(): void {
    this.session.destroy()
  }

  /** There was no request for too long. */
  override expire(): void {
    this.drain()
  }

  /** A stream has ended. */
  ended(served: ServedStream, reusable: boolean): void {
    this.#streams.delete(served)
    if (served.answered) this.#resets = Math.max(0, this.#resets - 1)
    else if (served.resetByClient) this.#countReset()
    if (reusable && !this.session.closed) this.#idle.push(served.http)
    else served.channel.destroy()
    if (this.#streams.size > 0) return
    if (this.session.closed) this.#part()
    else this.#host.limitIdling(this)
  }

  /** Sets the deadline for a request's body. */
  limitBody(served: ServedStream): void {
    this.#host.limitBody(served)
  }

  #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]): void {
    this.list?.clear(this)
    if (stream.destroyed || stream.closed) {
      // It was taken back in the same breath.
      stream.on('error', () => {})
      this.#countReset()
      return
    }
    const head = readHead(raw, headers, this.#host.maxHeaderSize)
    if (head === 'malformed') {
      stream.on('error', () => {}).close(PROTOCOL_ERROR)
      this.#refuse('a request whose Host is not its :authority')
      return
    }
    const http = this.#idle.pop() ?? this.#open()
    const refused = { method: headers[':method'] ?? '', uri: headers[':path'] ?? '/', rawHeaders: [] }
    const served = new ServedStream(this, http, stream, headers, typeof head === 'number' ? refused : head)
    this.#streams.add(served)
    if (typeof head === 'number') {
      this.#refuse(`a request with ${head}`)
      this.#host.refuse({ status: head, code: 'HTTP2_HEAD' }, served.response)
    } else served.begin()
  }

  #open(): HttpConnection {
    const channel = new StreamChannel(this.#socket, this.#peer)
    const http = this.#host.begin(channel.asSocket())
    channel.on('timeout', () => http.timedOut())
    return http
  }

  /** CVE-2023-44487: requests that are taken back cost more to serve than to send. */
  #countReset(): void {
    if (++this.#resets <= this.#host.maxResets || this.session.destroyed) return
    this.#host.refused(this.#peer, 'too many requests were taken back', true)
    this.#refused = true
    this.session.goaway(ENHANCE_YOUR_CALM)
    this.session.destroy(undefined, ENHANCE_YOUR_CALM)
  }

  #refuse(reason: string): void {
    if (this.#refused) return
    this.#refused = true
    this.#host.refused(this.#peer, reason, false)
  }

  /** Waits no longer than that for the client to close its side. */
  #part(): void {
    if (this.#parted || this.#streams.size > 0) return
    this.#parted = true
    const timer = setTimeout(() => this.#socket.destroy(), LINGER)
    timer.unref()
    this.#socket.once('close', () => clearTimeout(timer))
  }

  #closed(): void {
    this.list?.clear(this)
    for (const served of [...this.#streams]) served.channel.destroy()
    for (const { socket } of this.#idle.splice(0)) socket.destroy()
    this.#host.forget(this)
  }
}
