/**
 * A web server's connection: the requests on it, and their responses.
 * @module
 */
import type { Socket } from 'node:net'
import type { Addr } from '@unisock/kernel/plugin'
import type { ProtocolFailure } from '../server/client-errors.ts'
import type { HttpConnection } from '../server/connection.ts'
import { Timed } from '../server/deadlines.ts'
import { MAX_UNANSWERED } from '../server/pipeline.ts'
import { HttpResponse } from '../server/response.ts'
import { connectionOf } from '../server/tracking.ts'
import { Channel, type ChannelLink } from './channel.ts'
import { type CgiHead, readHead } from './head.ts'
import { Incoming } from './incoming.ts'
import { FastCgiMessage } from './message.ts'
import { Output } from './output.ts'
import { decodePairs, encodePairs } from './pairs.ts'
import { RecordReader, type RecordReceiver } from './reader.ts'
import {
  ABORT_REQUEST,
  BEGIN_REQUEST,
  encodeEnd,
  encodeEndRequest,
  encodeRecord,
  encodeStream,
  encodeUnknownType,
  GET_VALUES,
  GET_VALUES_RESULT,
  KEEP_CONN,
  OVERLOADED,
  PARAMS,
  REQUEST_COMPLETE,
  RESPONDER,
  STDOUT,
  UNKNOWN_ROLE,
} from './records.ts'

/** What a connection needs of its listener. */
export interface FastCgiHost {
  /** Bytes of a request's variables. */
  readonly maxVariables: number
  readonly draining: boolean
  /** Begins a connection of HTTP's for one request. */
  begin(socket: Socket): HttpConnection
  /** Says what the variables tell about a request. */
  admit(message: FastCgiMessage, variables: readonly string[], peer: Addr): void
  /** Sets the deadline of a request that arrives. */
  limit(incoming: Incoming): void
  refused(peer: Addr, error: Error): void
  forget(connection: FastCgiConnection): void
}

/** What GET_VALUES may ask. */
const VALUES: Readonly<Record<string, string>> = {
  FCGI_MAX_CONNS: '65535',
  FCGI_MAX_REQS: '65535',
  FCGI_MPXS_CONNS: '1',
}

export class FastCgiConnection extends Timed implements RecordReceiver, ChannelLink {
  readonly #socket: Socket
  readonly #peer: Addr
  readonly #host: FastCgiHost
  readonly #reader = new RecordReader(this)
  readonly #requests = new Map<number, Incoming>()
  #keep = true
  /** Channels without a request, open for the next ones. */
  readonly #idleChannels: Channel[] = []
  /** More of some body is wanted. */
  readonly #wanted = (): void => void this.#socket.resume()
  readonly #output: Output

  constructor(socket: Socket, peer: Addr, host: FastCgiHost) {
    super()
    this.#socket = socket
    this.#peer = peer
    this.#host = host
    this.#output = new Output(socket, () => this.#endWhenIdle())
    socket
      .on('data', (chunk: Buffer) => this.#read(chunk))
      // A web server that ends its side has lost its client.
      .on('end', () => socket.destroy())
      .on('error', () => socket.destroy())
      .on('close', () => this.#closed())
  }

  /** Nothing is to be answered. */
  get idle(): boolean {
    return this.#requests.size === 0
  }

  /** Takes no more requests than those that have begun. */
  drain(): void {
    this.#keep = false
    this.#endChannels()
    this.#endWhenIdle()
  }

  #endChannels(): void {
    for (const channel of this.#idleChannels.splice(0)) channel.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Nothing has come in HTTP_CONNECT_TIMEOUT. */
  override expire(): void {
    this.#socket.destroy()
  }

  record(type: number, id: number, content: Buffer): void {
    if (type === BEGIN_REQUEST && id !== 0) this.#begin(id, content)
    else if (type === ABORT_REQUEST && id !== 0) this.#requests.get(id)?.channel?.destroy()
    else if (id === 0) this.#manage(type, content)
  }

  part(type: number, id: number, content: Buffer): void {
    const incoming = this.#requests.get(id)
    if (!incoming) return
    if (type === PARAMS) this.#addVariables(incoming, content)
    else this.#addBody(incoming, content)
  }

  end(type: number, id: number): void {
    const incoming = this.#requests.get(id)
    if (!incoming) return
    if (type === PARAMS) this.#variablesEnd(incoming)
    else this.#bodyEnd(incoming)
  }

  output(id: number, content: Uint8Array, taken: () => void): void {
    this.#output.send(...encodeStream(STDOUT, id, content))
    this.#output.whenTaken(taken)
  }

  finished(id: number): void {
    this.#output.send(encodeEnd(STDOUT, id), encodeEndRequest(id, 0, REQUEST_COMPLETE))
    this.#forget(id)
  }

  /** A response that was begun and ends here must not pass for a whole one. */
  aborted(id: number): void {
    const alone = this.#requests.size < 2
    this.#output.send(encodeEndRequest(id, 1, REQUEST_COMPLETE))
    this.#forget(id)
    if (alone) this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.list?.clear(this)
    try {
      this.#reader.push(chunk)
    } catch (error) {
      this.#host.refused(this.#peer, error as Error)
      this.#socket.destroy()
    }
  }

  #begin(id: number, content: Buffer): void {
    const role = content.length < 3 ? 0 : content.readUInt16BE(0)
    // The flag is the connection's: one that does not say it wants the connection closed behind its request.
    if (this.#requests.size === 0 && !this.#host.draining)
      this.#keep = content.length >= 3 && (content[2]! & KEEP_CONN) !== 0
    if (this.#requests.has(id)) {
      this.#host.refused(this.#peer, new Error(`request ${id} begins twice`))
      this.#socket.destroy()
    } else if (role !== RESPONDER) {
      this.#output.send(encodeEndRequest(id, 0, UNKNOWN_ROLE))
      this.#endWhenIdle()
    } else if (this.#requests.size >= MAX_UNANSWERED) {
      this.#output.send(encodeEndRequest(id, 0, OVERLOADED))
    } else {
      const incoming = new Incoming(id, late => this.#fail(late, LATE))
      this.#requests.set(id, incoming)
      this.#host.limit(incoming)
    }
  }

  #manage(type: number, content: Buffer): void {
    if (type !== GET_VALUES) {
      this.#output.send(encodeUnknownType(type))
      return
    }
    const asked = decodePairs(content)
    const known: string[] = []
    for (let i = 0; i < asked.length; i += 2) {
      const name = asked[i]!
      if (Object.hasOwn(VALUES, name)) known.push(name, VALUES[name]!)
    }
    this.#output.send(encodeRecord(GET_VALUES_RESULT, 0, encodePairs(known)))
  }

  #addVariables(incoming: Incoming, part: Buffer): void {
    if (incoming.stage !== 'variables') return
    incoming.addVariables(part)
    if (incoming.size > this.#host.maxVariables) this.#fail(incoming, TOO_LARGE)
  }

  #variablesEnd(incoming: Incoming): void {
    if (incoming.stage !== 'variables') return
    const head = readHead(decodePairs(incoming.takeVariables()))
    if (!head) {
      this.#fail(incoming, INVALID)
      return
    }
    incoming.head = head
    incoming.stage = 'begun'
    if (head.contentLength !== undefined) this.#serve(incoming, head)
  }

  #addBody(incoming: Incoming, part: Buffer): void {
    const { head, stage } = incoming
    if (!head || stage === 'complete') return
    incoming.size += part.length
    if (stage === 'begun') {
      if (!head.rawHeaders.includes('transfer-encoding')) head.rawHeaders.push('transfer-encoding', 'chunked')
      this.#serve(incoming, head)
    }
    if (head.contentLength !== undefined && incoming.size > head.contentLength) this.#fail(incoming, INVALID)
    else if (incoming.message && !incoming.message.push(part)) this.#socket.pause()
  }

  #bodyEnd(incoming: Incoming): void {
    const { head, stage } = incoming
    if (!head || stage === 'complete') return
    incoming.list?.clear(incoming)
    if (stage === 'begun') this.#serve(incoming, head)
    if (head.contentLength !== undefined && incoming.size < head.contentLength) {
      // The web server has announced a body, and its client has left.
      incoming.channel?.destroy()
      return
    }
    incoming.stage = 'complete'
    const { message } = incoming
    if (!message) return
    message.complete = true
    message.push(null)
  }

  #serve(incoming: Incoming, head: CgiHead): void {
    incoming.stage = 'body'
    const channel = this.#open(incoming)
    const message = new FastCgiMessage(channel, head, this.#wanted)
    incoming.message = message
    const response = new HttpResponse(message)
    response.unframe()
    response.assignSocket(channel.asSocket())
    incoming.response = response
    response.on('finish', () => this.#responded(incoming, response, channel))
    this.#host.admit(message, head.variables, this.#peer)
    connectionOf(channel.asSocket())!.request(message, response)
  }

  /** A response has been sent whole. */
  #responded(incoming: Incoming, response: HttpResponse, channel: Channel): void {
    response.detachSocket(channel.asSocket())
    response.emit('close')
    channel.setTimeout(0)
    channel.complete()
    if (channel.writableEnded) return
    if (this.#keep && incoming.stage === 'complete') this.#idleChannels.push(channel)
    else channel.end()
  }

  /** A channel for a request, with a connection of HTTP's on it. */
  #open(incoming: Incoming): Channel {
    let channel = this.#idleChannels.pop()
    if (!channel) {
      channel = new Channel(this, this.#socket, this.#peer)
      this.#watch(channel, this.#host.begin(channel.asSocket()))
    }
    channel.begin(incoming.id)
    incoming.channel = channel
    channel.incoming = incoming
    return channel
  }

  #watch(channel: Channel, http: HttpConnection): void {
    channel
      .on('timeout', () => http.timedOut())
      .on('drain', () => channel.incoming?.response?.emit('drain'))
      .on('close', () => {
        const message = channel.incoming?.message
        if (message?.complete === false) message.destroy()
      })
  }

  /** Tells the client, or ends what it has been told in part. */
  #fail(incoming: Incoming, failure: ProtocolFailure): void {
    incoming.list?.clear(incoming)
    const channel = incoming.channel ?? this.#open(incoming)
    incoming.stage = 'complete'
    connectionOf(channel.asSocket())!.fail(failure)
  }

  #forget(id: number): void {
    const incoming = this.#requests.get(id)
    incoming?.list?.clear(incoming)
    this.#requests.delete(id)
    // A body that nobody reads any more holds up the next request no longer.
    this.#socket.resume()
    this.#endWhenIdle()
  }

  #endWhenIdle(): void {
    if (!this.#keep && this.idle && this.#output.empty) this.#socket.end(() => this.#socket.destroy())
  }

  #closed(): void {
    this.list?.clear(this)
    this.#output.clear()
    this.#endChannels()
    for (const incoming of [...this.#requests.values()]) {
      incoming.list?.clear(incoming)
      incoming.channel?.destroy()
    }
    this.#requests.clear()
    this.#host.forget(this)
  }
}

const INVALID: ProtocolFailure = { status: 400, code: 'FASTCGI_INVALID' }
const TOO_LARGE: ProtocolFailure = { status: 431, code: 'FASTCGI_VARIABLES' }
const LATE: ProtocolFailure = { status: 408, code: 'ERR_HTTP_REQUEST_TIMEOUT' }
