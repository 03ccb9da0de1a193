/**
 * The HTTP/2 side of a listener.
 * @module
 */
import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { Addr, PluginSocket } from '@unisock/kernel/plugin'
import type { Monitor } from '../monitor/monitor.ts'
import { HTTP_MAX_HEADER_SIZE } from '../options.ts'
import { type ProtocolFailure, problemDetail } from '../server/client-errors.ts'
import { type HttpConnection, peerOf } from '../server/connection.ts'
import { Deadlines } from '../server/deadlines.ts'
import type { HttpResponse } from '../server/response.ts'
import type { HttpSettings } from '../server/settings.ts'
import { connectionOf } from '../server/tracking.ts'
import { Http2Connection, type Http2Host } from './connection.ts'
import { HTTP2_MAX_STREAMS, HTTP2_WINDOW } from './options.ts'
import { Sniffer } from './preface.ts'
import type { ServedStream } from './served-stream.ts'

const require = createRequire(import.meta.url)

/** A connection's window, in windows of one stream. */
const CONNECTION_WINDOWS = 4
/** HTTP/2 counts 32 bytes more for each field (RFC 9113 section 6.5.2): what is between the limits has an answer. */
const HEADER_SLACK = 2
/** What node:http takes of fields. */
const MAX_FIELDS = 2000
/** Requests that a client may take back, at least. */
const MIN_RESETS = 100

export interface Http2Listener {
  readonly socket: PluginSocket
  readonly settings: HttpSettings
  readonly monitor: Monitor
}

export class Http2Server implements Http2Host {
  readonly #listener: Http2Listener
  readonly #connections = new Set<Http2Connection>()
  readonly #sniffers = new Set<Sniffer>()
  readonly #begin: (socket: Socket) => HttpConnection
  #reading = new Deadlines(0)
  #idling = new Deadlines(0)
  readonly maxHeaderSize: number
  readonly maxResets: number
  readonly #maxStreams: number
  readonly #window: number

  /** @param begin Makes a connection of HTTP's, for the requests of a channel. */
  constructor(listener: Http2Listener, begin: (socket: Socket) => HttpConnection) {
    const { socket } = listener
    this.#listener = listener
    this.#begin = begin
    this.maxHeaderSize = socket.option(HTTP_MAX_HEADER_SIZE)
    this.#maxStreams = socket.option(HTTP2_MAX_STREAMS)
    this.#window = socket.option(HTTP2_WINDOW)
    this.maxResets = Math.max(MIN_RESETS, 2 * this.#maxStreams)
  }

  /** Clients' connections. */
  get size(): number {
    return this.#connections.size
  }

  /** Takes a client's connection. Node's module is loaded for the first one. */
  serve(socket: Socket): void {
    const { performServerHandshake } = require('node:http2') as typeof import('node:http2')
    // node:http2 takes no notice of a client that ends its side.
    socket.allowHalfOpen = false
    const session = performServerHandshake(socket, {
      maxHeaderListPairs: MAX_FIELDS,
      settings: {
        maxConcurrentStreams: this.#maxStreams,
        initialWindowSize: this.#window,
        maxHeaderListSize: this.maxHeaderSize * HEADER_SLACK,
      },
    })
    session.setLocalWindowSize(Math.min(this.#window * CONNECTION_WINDOWS, 2 ** 31 - 1))
    const connection = new Http2Connection(session, socket, peerOf(socket), this)
    this.#connections.add(connection)
    this.#listener.monitor.connected()
    this.#listener.settings.firstBytes.set(connection)
  }

  /** Finds out what a client without TLS speaks; it is served here, or told to be HTTP/1.1's. */
  sniff(socket: Socket, serveHttp1: (isLate: boolean) => void): void {
    const sniffer = new Sniffer(socket, version => {
      this.#sniffers.delete(sniffer)
      if (version === 'HTTP/2') this.serve(socket)
      else if (version !== 'gone') serveHttp1(version === 'late')
    })
    this.#sniffers.add(sniffer)
    this.#listener.settings.firstBytes.set(sniffer)
  }

  begin(socket: Socket): HttpConnection {
    return this.#begin(socket)
  }

  refuse(failure: ProtocolFailure, response: HttpResponse): void {
    connectionOf(response.req.socket)!.turnAway(response, failure.status, problemDetail(failure))
  }

  limitBody(stream: ServedStream): void {
    this.#reading = renew(this.#reading, this.#listener.settings.readTimeout)
    this.#reading.set(stream)
  }

  limitIdling(connection: Http2Connection): void {
    this.#idling = renew(this.#idling, this.#listener.settings.keepAliveTimeout)
    this.#idling.set(connection)
  }

  refused({ address, port }: Addr, reason: string, isAttack: boolean): void {
    this.#listener.socket.log(
      isAttack ? 'warn' : 'debug',
      `refused what a client sent by HTTP/2: ${reason}`,
      {
        address,
        port,
      },
    )
  }

  forget(connection: Http2Connection): void {
    this.#connections.delete(connection)
  }

  /** No more requests after those that have begun. */
  drain(): void {
    for (const connection of this.#connections) connection.drain()
    for (const { socket } of this.#sniffers) socket.destroy()
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy()
    for (const { socket } of this.#sniffers) socket.destroy()
  }
}

function renew(deadlines: Deadlines, delay: number): Deadlines {
  return deadlines.delay === delay ? deadlines : new Deadlines(delay)
}
