/**
 * One client's connection: its requests, and what becomes of them when it ends.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Addr, SocketError } from '@unisock/kernel/plugin'
import { admittedOf } from '../apache/door.ts'
import type { CachePart } from '../cache/part.ts'
import { Renewal } from '../cache/renewal.ts'
import { addIdentity, identityOf } from '../monitor/identity.ts'
import { addFront, type RequestWire } from '../wire.ts'
import { type ProtocolFailure, problemDetail, rawProblem } from './client-errors.ts'
import { Timed } from './deadlines.ts'
import { Exchange } from './exchange.ts'
import { closeGently, lingerAfterResponse } from './linger.ts'
import type { HttpListener } from './listener.ts'
import { Pipeline } from './pipeline.ts'
import { type HttpResponse, sendProblem } from './response.ts'
import { track } from './tracking.ts'

/** The parser's code for a client that has ended its side within a request: it wants no answers any more. */
const EOF = 'HPE_INVALID_EOF_STATE'

export class HttpConnection extends Timed {
  readonly socket: Socket
  readonly addr: Addr
  readonly listener: HttpListener
  readonly pipeline: Pipeline
  /** Exchanges that have an fd and are not answered. */
  readonly exchanges: Exchange[] = []
  /** The request that arrived last. */
  #latest: IncomingMessage | undefined
  #latestResponse: HttpResponse | undefined
  /** What the client is told when the responses before it have been sent. */
  #farewell: string | undefined
  #failed = false
  /** The response after which the connection is closed: no request behind it is served. */
  #last: HttpResponse | undefined

  constructor(listener: HttpListener, socket: Socket) {
    super()
    this.listener = listener
    this.socket = socket
    this.addr = peerOf(socket)
    this.pipeline = new Pipeline(socket, listener.start)
    track(socket, this)
    socket.on('close', () => this.#closed())
    listener.settings.firstBytes.set(this)
  }

  /** Responses that are not sent. */
  get #due(): number {
    return this.pipeline.unanswered + this.pipeline.waiting
  }

  /** Nothing is to be answered. */
  get idle(): boolean {
    return this.#due === 0 && !this.#failed && this.#last === undefined
  }

  /** Another protocol is spoken from now on, and none of its business. */
  release(): void {
    this.list?.clear(this)
    this.pipeline.clear()
    this.listener.forget(this)
  }

  /** A request has arrived. */
  request(request: IncomingMessage, response: HttpResponse): void {
    if (this.#last) return
    this.list?.clear(this)
    this.#latest = request
    this.#latestResponse = response
    this.listener.monitor.arrived(this, request, response)
    if (this.listener.draining) response.shouldKeepAlive = false
    this.pipeline.admit(request, response)
  }

  /** Answers a request that nobody is going to serve. */
  turnAway(response: HttpResponse, status: number, detail?: string): void {
    this.listener.monitor.arrived(this, response.req, response)
    sendProblem(response, status, detail)
  }

  /**
   * Gives a request its fd, and the owner the request. Undefined: there are no more fds, or the listener was closed,
   * and the client was told so.
   *
   * @param data The request as it crosses.
   * @param handler The function that is to get it, where it is not the listener's handler.
   */
  open(
    request: IncomingMessage,
    response: HttpResponse,
    data: unknown,
    handler?: number,
  ): Exchange | undefined {
    const admitted = admittedOf(request)
    if (admitted?.front) addFront(data as RequestWire, admitted.front)
    const identity = identityOf(request)
    if (identity) addIdentity(data as RequestWire, identity)
    const client = admitted?.client ?? this.addr
    if (response.cachePart?.inBackground) {
      this.#renew(response.cachePart, client, data, handler)
      return undefined
    }
    const exchange = new Exchange(this, request, response)
    if (this.listener.accept(exchange, client, data, handler)) {
      this.exchanges.push(exchange)
      if (response.visit) response.visit.fd = exchange.connection.fd
      this.listener.settings.answers.set(exchange)
      return exchange
    }
    response.cachePart?.abandon()
    response.shouldKeepAlive = false
    sendProblem(response, 503, 'The server can take no more requests now.')
    return undefined
  }

  /** Puts a request to the owner whose client has its answer. */
  #renew(part: CachePart, client: Addr, data: unknown, handler: number | undefined): void {
    const { settings } = this.listener
    const renewal = new Renewal(part, settings.defaultHeaders)
    if (this.listener.accept(renewal, client, data, handler)) settings.answers.set(renewal)
    else part.abandon()
  }

  /** An exchange needs to hear of this connection no more. */
  forget(exchange: Exchange): void {
    const { exchanges } = this
    const last = exchanges.pop()
    if (last === exchange || last === undefined) return
    const at = exchanges.indexOf(exchange)
    if (at < 0) exchanges.push(last)
    else exchanges[at] = last
  }

  /** A response has been sent. */
  answered(response: HttpResponse): void {
    const { pipeline } = this
    if (response.admitted) pipeline.answered()
    this.listener.monitor.answered(this, response)
    if (this.#latestResponse === response && this.#latest?.complete)
      this.#latest = this.#latestResponse = undefined
    if (response === this.#last) closeGently(this.socket)
    if (this.#due > 0) return
    if (this.#farewell !== undefined) closeGently(this.socket, this.#farewell)
    else if (this.listener.draining) this.socket.end()
  }

  /** Closes the connection when a response has been sent, and throws away what the client still sends. */
  closeAfter(response: HttpResponse): void {
    this.#last = response
    response.shouldKeepAlive = false
    lingerAfterResponse(this.socket)
  }

  /** No more requests after those that have begun to arrive. */
  drain(): void {
    if (this.#latestResponse) this.#latestResponse.shouldKeepAlive = false
    if (this.socket.bytesRead === 0) this.socket.destroy()
  }

  /** No byte of the first request has come in time. */
  override expire(): void {
    if (this.socket.bytesRead === 0) this.fail({ status: 408, code: 'ERR_HTTP_REQUEST_TIMEOUT' })
  }

  /** What arrived is not HTTP, is too large or too late: the client is told in its turn, and the connection closed. */
  fail(failure: ProtocolFailure): void {
    if (this.#failed) return
    this.#failed = true
    this.#report(failure)
    const request = this.#latest
    const arriving = request !== undefined && !request.complete
    if (failure.code === EOF && this.#due > (arriving ? 1 : 0)) this.socket.destroy()
    else if (arriving) this.#refuse(request, this.#latestResponse!, failure)
    else {
      const { defaultHeaders } = this.listener.settings
      this.listener.monitor.refused(this, failure)
      this.#part(rawProblem(failure.status, problemDetail(failure), defaultHeaders))
    }
  }

  /** A request that may be another one to somebody else: the client is told, and none behind it is served. */
  refuse(response: HttpResponse, failure: ProtocolFailure): void {
    this.#failed = true
    this.#report(failure)
    this.pipeline.clear()
    this.closeAfter(response)
    sendProblem(response, failure.status, problemDetail(failure))
  }

  /** Its socket has been idle for too long while something was due. */
  timedOut(): void {
    this.#abort(new SocketError('ETIMEDOUT', 'the client took nothing of the answer for too long'))
    this.socket.destroy()
  }

  #report({ status, code }: ProtocolFailure): void {
    const { address, port } = this.addr
    this.listener.socket.log('debug', 'refused what a client sent', { status, code, address, port })
  }

  #refuse(request: IncomingMessage, response: HttpResponse, failure: ProtocolFailure): void {
    this.pipeline.withdraw(response)
    this.exchanges.find(exchange => exchange.request === request)?.fail(failureError(failure))
    if (response.headersSent) {
      this.socket.destroy()
      return
    }
    this.closeAfter(response)
    sendProblem(response, failure.status, problemDetail(failure))
  }

  #part(farewell: string): void {
    if (this.socket.writableEnded) this.socket.destroy()
    else if (this.#due === 0) closeGently(this.socket, farewell)
    else {
      this.#farewell = farewell
      this.socket.once('end', () => this.socket.destroy())
    }
  }

  #closed(): void {
    this.list?.clear(this)
    this.pipeline.clear()
    this.listener.monitor.left(this)
    this.listener.forget(this)
    if (this.exchanges.length > 0)
      this.#abort(new SocketError('ECONNRESET', 'the client left before it had the whole answer'))
  }

  #abort(error: SocketError): void {
    for (const exchange of this.exchanges.splice(0)) exchange.fail(error)
  }
}

/** What the program is told of a request that it has in part. */
function failureError(failure: ProtocolFailure): SocketError {
  if (failure.code === EOF)
    return new SocketError('ECONNRESET', 'the client left before its request was complete')
  return new SocketError(failure.status === 408 ? 'ETIMEDOUT' : 'EPROTO', problemDetail(failure))
}

/** The peer of a unix socket has no name. */
export function peerOf(socket: Socket): Addr {
  const { remoteAddress, remotePort, remoteFamily } = socket
  if (remoteAddress === undefined) return { address: '', port: 0, family: 'local' }
  return { address: remoteAddress, port: remotePort ?? 0, family: remoteFamily === 'IPv6' ? 'IPv6' : 'IPv4' }
}
