/**
 * An HTTP or HTTPS server: the driver of a listener's fd.
 * @module
 */
import type { IncomingMessage, Server, ServerOptions } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
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
import { HTTP_MAX_HEADER_SIZE } from '../options.ts'
import { Acceptor } from './acceptor.ts'
import { Certificates } from './certificates.ts'
import { protocolFailure, rawProblem } from './client-errors.ts'
import { HttpConnection } from './connection.ts'
import { answerHealthCheck, isHealthCheck } from './health.ts'
import { closeGently } from './linger.ts'
import { createServer } from './node-http.ts'
import { OpenConnections } from './open-connections.ts'
import { HttpResponse, sendProblem } from './response.ts'
import { HttpSettings } from './settings.ts'
import { isLiveTlsOption } from './tls.ts'
import { connectionOf } from './tracking.ts'
import { Upgrades } from './upgrades.ts'

/** How often node:http looks for requests that are late, in milliseconds. */
const CHECK_INTERVAL = 500

/** A request that is to be served: what a plugin does with it. */
export type RequestListener = (
  request: IncomingMessage,
  response: HttpResponse,
  connection: HttpConnection,
) => void

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
  /** No more requests after those that have begun to arrive. */
  draining = false
  #secure = false
  readonly #isSecure: boolean | (() => boolean)
  readonly #onRequest: RequestListener
  #server: Server | SecureServer | undefined
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
  readonly #upgrades = new Upgrades(() => this.#listenForUpgrades())
  #opening: Accepted | undefined
  readonly #closed = Promise.withResolvers<void>()

  constructor(socket: PluginSocket, options: HttpListenerOptions) {
    this.socket = socket
    this.settings = new HttpSettings(socket)
    this.cache = new ResponseCache(this)
    this.#isSecure = options.secure
    this.#onRequest = options.onRequest
    socket.offer('upgrade', this.#upgrades)
  }

  /** @throws {SocketError} `EISBOUND`; the system's errors with their own codes; `EINVAL` naming a TLS option. */
  async bind(at: Target): Promise<Addr> {
    if (this.#acceptor) throw new SocketError('EISBOUND')
    this.#secure = typeof this.#isSecure === 'function' ? this.#isSecure() : this.#isSecure
    const fastCgi = this.socket.option(APACHE_FASTCGI_ENABLE)
    if (fastCgi && this.#secure)
      throw new SocketError('EINVAL', 'APACHE_FASTCGI_ENABLE (300): FastCGI has no TLS of its own', {
        op: 'bind',
      })
    const place = fastCgi ? this.socket.option(APACHE_FASTCGI_SOCKET) : undefined
    const target = place === undefined ? at : fastCgiTarget(place, at)
    this.#server = this.#createServer()
    this.#acceptor = new Acceptor(this.socket)
    try {
      this.#address = await this.#acceptor.bind(target)
      if (fastCgi) await this.#serveFastCgi(place)
      this.#upgrades.bound(this.#address, this.#secure)
      return this.#address
    } catch (error) {
      this.#acceptor = this.#server = this.#certificates = undefined
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
    if (!this.#acceptor || !this.#server) throw new SocketError('ENOADDR')
    // node:http starts its check for late requests when its server listens; here the acceptor does.
    this.#server.emit('listening')
    this.#acceptor.open(socket => this.#serve(socket))
    this.#listening = true
    this.#heartbeat.set(this.settings.door.settings.balance)
  }

  setOption(option: number, value: unknown): void | Promise<void> {
    if (option === CACHE_INVALIDATE_PATTERN) return this.cache.invalidate(value as string)
    if (option === SO_MAX_CONNECTIONS) return this.#acceptor?.refresh()
    if (isLiveTlsOption(option)) return this.#certificates?.change(this.#server as SecureServer)
    this.settings.refresh()
    this.cache.refresh()
    if (option === APACHE_LOAD_BALANCE && this.#listening)
      this.#heartbeat.set(this.settings.door.settings.balance)
    if (this.#server) this.#configure(this.#server)
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
    this.#server?.close()
    const deadline = setTimeout(() => this.destroy(), this.socket.option(SO_LINGER) * 1000)
    deadline.unref()
    void this.#connections.emptied().then(() => {
      clearTimeout(deadline)
      this.cache.close()
      this.#closed.resolve()
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
      connections: this.#connections.size,
      unanswered,
      waiting,
    }
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
    const connection = new HttpConnection(this, socket)
    this.#connections.add(connection)
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

  /** Serves a request whose turn it is on its connection. */
  readonly start = (request: IncomingMessage, response: HttpResponse): void => {
    const { healthPath, door } = this.settings
    const { balance } = door.settings
    const connection = connectionOf(request.socket)!
    if (response.framed) door.admit(request, connection.addr)
    if (request.httpVersion === '1.1' && !hasOneHost(request)) {
      response.shouldKeepAlive = false
      sendProblem(response, 400, 'A request has exactly one Host.')
    } else if (healthPath !== undefined && isHealthCheck(request.url!, healthPath)) {
      answerHealthCheck(request, response, this.draining)
    } else if (balance?.health !== undefined && isHealthCheck(request.url!, balance.health)) {
      answerHealthCheck(request, response, this.draining || balance.drain === true)
    } else {
      const cookie = door.cookie(request)
      if (cookie !== undefined) response.add('Set-Cookie', cookie)
      this.#onRequest(request, response, connection)
    }
  }

  #stop(): void {
    if (this.draining) return
    this.draining = true
    this.#heartbeat.stop()
    this.#acceptor?.close()
    this.#fastCgi?.drain()
    this.#server?.closeIdleConnections()
    for (const connection of this.#connections) connection.drain()
  }

  #serve(socket: Socket): void {
    if (this.draining) {
      socket.destroy()
      return
    }
    if (this.socket.option(SO_KEEPALIVE)) socket.setKeepAlive(true)
    if (!this.socket.option(SO_NODELAY)) socket.setNoDelay(false)
    if (this.#fastCgi) {
      this.#fastCgi.serve(socket)
      return
    }
    if (this.#secure) this.#connections.addBelowTls(socket)
    this.#server!.emit('connection', socket)
    if (!this.#secure) socket.resume()
  }

  #createServer(): Server | SecureServer {
    const options: ServerOptions<typeof IncomingMessage, typeof HttpResponse> = {
      ServerResponse: HttpResponse,
      maxHeaderSize: this.socket.option(HTTP_MAX_HEADER_SIZE),
      connectionsCheckingInterval: CHECK_INTERVAL,
      requireHostHeader: false,
      optimizeEmptyRequests: true,
      // Where Node does not ask it, each upgrade comes to #upgrade as soon as somebody wants any.
      shouldUpgradeCallback: request => this.#mayUpgrade(request),
    }
    this.#certificates = this.#secure ? new Certificates(this.socket) : undefined
    const server = this.#certificates?.createServer(options) ?? createServer(options)
    this.#configure(server)
    const receive = (request: IncomingMessage, response: HttpResponse) =>
      connectionOf(request.socket)!.request(request, response)
    server
      .on(this.#secure ? 'secureConnection' : 'connection', (socket: Socket) => {
        this.begin(socket)
      })
      .on('request', receive)
      .on('checkContinue', (request, response) => {
        response.expectsContinue = true
        receive(request, response)
      })
      .on('checkExpectation', (_request, response) => sendProblem(response, 417))
      .on('connect', (_request, socket) => {
        // node:http has let go of the socket.
        socket.on('error', () => socket.destroy())
        connectionOf(socket as Socket)?.fail({ status: 501, code: 'CONNECT' })
      })
      .on('clientError', (error, socket) => this.#refuse(error, socket as Socket))
      .on('timeout', socket => connectionOf(socket)?.timedOut())
    if (this.#upgrades.wanted) server.on('upgrade', this.#upgrade)
    return server
  }

  #listenForUpgrades(): void {
    if (this.#upgrades.wanted) this.#server?.on('upgrade', this.#upgrade)
    else this.#server?.off('upgrade', this.#upgrade)
  }

  /** Behind requests that are not answered the other protocol would overtake the answers. */
  #mayUpgrade(request: IncomingMessage): boolean {
    return this.#upgrades.find(request) !== undefined && connectionOf(request.socket)?.idle === true
  }

  /** node:http has let go of the connection. */
  readonly #upgrade = (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    const socket = duplex as Socket
    const serve = this.#mayUpgrade(request) ? this.#upgrades.find(request) : undefined
    if (serve && !this.draining) {
      this.#connections.release(socket)
      connectionOf(socket)?.release()
      serve(request, socket, head)
      return
    }
    const [status, detail] = this.draining
      ? [503, 'The server is closing.']
      : [400, 'There is no upgrade to that here.']
    socket.on('error', () => socket.destroy())
    closeGently(socket, rawProblem(status, detail, this.settings.defaultHeaders))
  }

  #configure(server: Server | SecureServer): void {
    const { readTimeout, headerTimeout, keepAliveTimeout } = this.settings
    server.requestTimeout = readTimeout
    server.headersTimeout = headerTimeout
    server.keepAliveTimeout = keepAliveTimeout
  }

  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = connectionOf(socket)
    const failure = protocolFailure(error)
    if (connection && failure) {
      // node:http counts from accept; before the first byte HTTP_CONNECT_TIMEOUT does.
      if (failure.status !== 408 || socket.bytesRead > 0) connection.fail(failure)
      return
    }
    if (!connection)
      this.socket.log('debug', 'a TLS handshake failed', { code: error.code, message: error.message })
    socket.destroy()
  }
}

/** RFC 9112 section 3.2: a request without a Host, or with several, is answered with 400. */
function hasOneHost({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  return hosts === 1
}
