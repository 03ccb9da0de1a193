/**
 * An HTTP or HTTPS server: the driver of a listener's fd.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import {
  type Addr,
  type CloseOptions,
  type Connection,
  type Driver,
  type PluginSocket,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MAX_CONNECTIONS,
  SO_NODELAY,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { webServerConfig } from '../apache/config.ts'
import { Heartbeat } from '../apache/heartbeat.ts'
import {
  APACHE_CONFIG,
  APACHE_FASTCGI_ENABLE,
  APACHE_FASTCGI_SOCKET,
  APACHE_LOAD_BALANCE,
} from '../apache/options.ts'
import { type FastCgiPlace, fastCgiTarget } from '../apache/place.ts'
import { CACHE_INVALIDATE_PATTERN, CACHE_STATISTICS } from '../cache/options.ts'
import { ResponseCache } from '../cache/response-cache.ts'
import { FastCgiServer, setRights } from '../fastcgi/server.ts'
import { HTTP2_ENABLE } from '../http2/options.ts'
import { Http2Server } from '../http2/server.ts'
import { Monitor } from '../monitor/monitor.ts'
import { HTTP_UPLOAD } from '../upload/options.ts'
import { Acceptor } from './acceptor.ts'
import { Certificates } from './certificates.ts'
import { HttpConnection } from './connection.ts'
import { Http1Server } from './http1-server.ts'
import { OpenConnections } from './open-connections.ts'
import { type RequestListener, reception } from './reception.ts'
import type { HttpResponse } from './response.ts'
import { HttpSettings } from './settings.ts'
import { isLiveTlsOption } from './tls.ts'
import { connectionOf } from './tracking.ts'
import { Upgrades } from './upgrades.ts'

/** A driver that has its fd once it was accepted. */
export type Accepted = Driver & { connection: Connection }

export interface HttpListenerOptions {
  /** Over TLS; asked at bind where it follows from the options. */
  secure: boolean | (() => boolean)
  onRequest: RequestListener
}

export class HttpListener implements Driver {
  readonly socket: PluginSocket
  readonly settings: HttpSettings
  readonly cache: ResponseCache
  readonly monitor: Monitor
  /** No more requests after those that have begun to arrive. */
  draining = false
  #secure = false
  readonly #isSecure: boolean | (() => boolean)
  /** Serves a request whose turn it is on its connection. */
  readonly start: (request: IncomingMessage, response: HttpResponse) => void
  #http1: Http1Server | undefined
  #http2: Http2Server | undefined
  #acceptor: Acceptor | undefined
  #address: Addr | undefined
  #certificates: Certificates | undefined
  #fastCgi: FastCgiServer | undefined
  #listening = false
  readonly #heartbeat = new Heartbeat(
    () => this.#unanswered(),
    cause => this.socket.log('warn', `no heartbeat: ${cause.message}`),
  )
  readonly #connections = new OpenConnections()
  readonly #upgrades = new Upgrades(() => this.#http1?.listenForUpgrades())
  #opening: Accepted | undefined
  readonly #closed = Promise.withResolvers<void>()

  constructor(socket: PluginSocket, options: HttpListenerOptions) {
    this.socket = socket
    this.settings = new HttpSettings(socket)
    this.cache = new ResponseCache(this)
    this.monitor = new Monitor(this)
    this.#isSecure = options.secure
    this.start = reception(this, options.onRequest)
    socket.offer('upgrade', this.#upgrades)
  }

  /** @throws {SocketError} `EISBOUND`; the system's errors with their own codes; `EINVAL` naming a TLS option. */
  async bind(at: Target): Promise<Addr> {
    if (this.#acceptor) throw new SocketError('EISBOUND')
    await this.monitor.ready
    this.#secure = typeof this.#isSecure === 'function' ? this.#isSecure() : this.#isSecure
    const fastCgi = this.socket.option(APACHE_FASTCGI_ENABLE)
    if (fastCgi && this.#secure)
      throw new SocketError('EINVAL', 'APACHE_FASTCGI_ENABLE (300): FastCGI has no TLS of its own', {
        op: 'bind',
      })
    const place = fastCgi ? this.socket.option(APACHE_FASTCGI_SOCKET) : undefined
    const target = place === undefined ? at : fastCgiTarget(place, at)
    this.#certificates = this.#secure
      ? new Certificates(this.socket, socket => this.#serveSecure(socket))
      : undefined
    this.#http1 = new Http1Server(this, this.#connections, this.#upgrades)
    this.#http2 = new Http2Server(this, socket => this.#beginShared(socket))
    this.#acceptor = new Acceptor(this.socket)
    try {
      this.#address = await this.#acceptor.bind(target)
      if (fastCgi) await this.#serveFastCgi(place)
      this.#upgrades.bound(this.#address, this.#secure)
      return this.#address
    } catch (error) {
      this.#acceptor = this.#http1 = this.#http2 = this.#certificates = undefined
      throw error
    }
  }

  async #serveFastCgi(place: FastCgiPlace | undefined): Promise<void> {
    try {
      await setRights(place, this.#address!)
    } catch (error) {
      this.#acceptor!.close()
      throw error
    }
    this.#fastCgi = new FastCgiServer(this, this.settings.door)
  }

  listen(): void {
    if (!this.#acceptor || !this.#http1) throw new SocketError('ENOADDR')
    this.#http1.begin()
    this.#acceptor.open(socket => this.#serve(socket))
    this.#listening = true
    this.#heartbeat.set(this.settings.door.settings.balance)
  }

  setOption(option: number, value: unknown): void | Promise<void> {
    if (option === CACHE_INVALIDATE_PATTERN) return this.cache.invalidate(value as string)
    if (option === SO_MAX_CONNECTIONS) return this.#acceptor?.refresh()
    if (isLiveTlsOption(option)) return this.#certificates?.change()
    if (Monitor.isOption(option)) return this.monitor.set(option)
    if (option === HTTP_UPLOAD) return this.settings.uploads.change()
    this.settings.refresh()
    this.cache.refresh()
    if (option === APACHE_LOAD_BALANCE && this.#listening)
      this.#heartbeat.set(this.settings.door.settings.balance)
    this.#http1?.configure()
  }

  /** Stops accepting, and resolves when what was in flight is finished. */
  async drain(): Promise<void> {
    this.#stop()
    await this.#connections.emptied()
  }

  /** Gives the address back. What is in flight has SO_LINGER seconds to finish: {@link closed} tells when it has. */
  close({ abort = false }: CloseOptions): void {
    this.#stop()
    this.#upgrades.closed()
    this.#http1?.close()
    const deadline = setTimeout(() => this.destroy(), this.socket.option(SO_LINGER) * 1000)
    deadline.unref()
    void this.#connections.emptied().then(() => {
      clearTimeout(deadline)
      this.cache.close()
      void this.monitor.close().then(this.#closed.resolve)
    })
    if (abort) this.destroy()
  }

  /** Resolves when the listener was closed and its last connection has ended. */
  get closed(): Promise<void> {
    return this.#closed.promise
  }

  /** Drops every connection. */
  destroy(): void {
    this.#connections.destroy()
    this.#fastCgi?.destroy()
    this.#http2?.destroy()
  }

  inspect(): unknown {
    let unanswered = 0
    let waiting = 0
    for (const { pipeline } of this.#connections) {
      unanswered += pipeline.unanswered
      waiting += pipeline.waiting
    }
    return {
      address: this.#address,
      draining: this.draining,
      connections: this.#open,
      unanswered,
      waiting,
    }
  }

  /** Connections that are open, and exchanges that the program has not answered. */
  get load(): { connections: number; exchanges: number } {
    let waiting = 0
    for (const { exchanges } of this.#connections) waiting += exchanges.length
    return { connections: this.#open, exchanges: waiting }
  }

  get #open(): number {
    return this.#connections.size + (this.#http2?.size ?? 0)
  }

  #unanswered(): number {
    let unanswered = 0
    for (const { pipeline } of this.#connections) unanswered += pipeline.unanswered
    return unanswered
  }

  /** Gives an exchange its fd. False: there are no more. */
  accept(exchange: Accepted, addr: Addr, data: unknown, handler: number | undefined): boolean {
    this.#opening = exchange
    return this.socket.accept(addr, this.#attach, { data, handler }) !== undefined
  }

  readonly #attach = (connection: Connection): Driver => {
    const exchange = this.#opening!
    exchange.connection = connection
    return exchange
  }

  /** A connection has ended. */
  forget(connection: HttpConnection): void {
    this.#connections.delete(connection)
  }

  /** Begins a connection. */
  begin(socket: Socket): HttpConnection {
    this.monitor.connected()
    const connection = new HttpConnection(this, socket)
    this.#connections.add(connection)
    return connection
  }

  /** Begins a connection that is one of several on a client's. */
  #beginShared(socket: Socket): HttpConnection {
    const connection = new HttpConnection(this, socket)
    this.#connections.addShared(connection)
    return connection
  }

  /** Answers APACHE_CONFIG (310) and CACHE_STATISTICS (209). */
  query(option: number): unknown {
    if (option === CACHE_STATISTICS) return this.cache.statistics()
    if (option !== APACHE_CONFIG)
      throw new SocketError(
        'ENOTSUP',
        'a listener answers APACHE_CONFIG (310) and CACHE_STATISTICS (209) only',
        {
          op: 'query',
        },
      )
    if (!this.#address)
      throw new SocketError('ENOADDR', 'a configuration names the address: bind first', { op: 'query' })
    return webServerConfig(this.socket, this.#address)
  }

  #stop(): void {
    if (this.draining) return
    this.draining = true
    this.#heartbeat.stop()
    this.#acceptor?.close()
    this.#fastCgi?.drain()
    this.#http1?.drain()
    this.#http2?.drain()
    for (const connection of this.#connections) connection.drain()
  }

  #serve(socket: Socket): void {
    if (this.draining) {
      socket.destroy()
      return
    }
    if (this.socket.option(SO_KEEPALIVE)) socket.setKeepAlive(true)
    if (!this.socket.option(SO_NODELAY)) socket.setNoDelay(false)
    if (this.#fastCgi) this.#fastCgi.serve(socket)
    else if (this.#certificates) {
      this.#connections.addBelow(socket)
      this.#certificates.handshake(socket)
    } else if (this.socket.option(HTTP2_ENABLE)) {
      this.#connections.addBelow(socket)
      this.#http2!.sniff(socket, isLate => this.#serveHttp1(socket, isLate))
    } else this.#http1!.serve(socket)
  }

  /** A client without TLS that speaks no HTTP/2. */
  #serveHttp1(socket: Socket, isLate: boolean): void {
    this.#http1!.serve(socket)
    if (isLate) connectionOf(socket)?.expire()
  }

  #serveSecure(socket: TLSSocket): void {
    if (this.draining) socket.destroy()
    else if (socket.alpnProtocol === 'h2') this.#http2!.serve(socket)
    else this.#http1!.serve(socket)
  }
}
