/**
 * The HTTP/1.1 side of a listener: node:http's server, which never listens by itself.
 * @module
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PluginSocket } from '@unisock/kernel/plugin'
import { admittedOf } from '../apache/door.ts'
import type { Monitor } from '../monitor/monitor.ts'
import { HTTP_MAX_HEADER_SIZE } from '../options.ts'
import { protocolFailure, rawProblem } from './client-errors.ts'
import type { HttpConnection } from './connection.ts'
import { closeGently } from './linger.ts'
import { createServer } from './node-http.ts'
import type { OpenConnections } from './open-connections.ts'
import { faultOf } from './reception.ts'
import { HttpResponse } from './response.ts'
import type { HttpSettings } from './settings.ts'
import { connectionOf } from './tracking.ts'
import type { Upgrades } from './upgrades.ts'

/** How often node:http looks for requests that are late, in milliseconds. */
const CHECK_INTERVAL = 500

export interface Http1Listener {
  readonly socket: PluginSocket
  readonly settings: HttpSettings
  readonly monitor: Monitor
  readonly draining: boolean
  /** Begins a connection. */
  begin(socket: Socket): HttpConnection
}

export class Http1Server {
  readonly #listener: Http1Listener
  readonly #connections: OpenConnections
  readonly #upgrades: Upgrades
  readonly #server: Server

  constructor(listener: Http1Listener, connections: OpenConnections, upgrades: Upgrades) {
    this.#listener = listener
    this.#connections = connections
    this.#upgrades = upgrades
    this.#server = this.#create()
    this.configure()
    this.listenForUpgrades()
  }

  /** node:http starts its check for late requests when its server listens; here the acceptor does. */
  begin(): void {
    this.#server.emit('listening')
  }

  /** Takes a client's connection, which is paused. */
  serve(socket: Socket): void {
    this.#server.emit('connection', socket)
    socket.resume()
  }

  /** Takes the listener's time limits over. */
  configure(): void {
    const { readTimeout, headerTimeout, keepAliveTimeout } = this.#listener.settings
    this.#server.requestTimeout = readTimeout
    this.#server.headersTimeout = headerTimeout
    this.#server.keepAliveTimeout = keepAliveTimeout
  }

  /** Upgrades are asked for from now on, or by nobody any more. */
  listenForUpgrades(): void {
    this.#server.off('upgrade', this.#upgrade)
    if (this.#upgrades.wanted) this.#server.on('upgrade', this.#upgrade)
  }

  drain(): void {
    this.#server.closeIdleConnections()
  }

  close(): void {
    this.#server.close()
  }

  #create(): Server {
    const receive = (request: IncomingMessage, response: HttpResponse) =>
      connectionOf(request.socket)!.request(request, response)
    return createServer({
      ServerResponse: HttpResponse,
      maxHeaderSize: this.#listener.socket.option(HTTP_MAX_HEADER_SIZE),
      connectionsCheckingInterval: CHECK_INTERVAL,
      requireHostHeader: false,
      optimizeEmptyRequests: true,
      // Where Node does not ask it, each upgrade comes to #upgrade as soon as somebody wants any.
      shouldUpgradeCallback: request => this.#mayUpgrade(request),
    })
      .on('connection', (socket: Socket) => {
        this.#listener.begin(socket)
      })
      .on('request', receive)
      .on('checkContinue', (request, response) => {
        response.expectsContinue = true
        receive(request, response)
      })
      .on('checkExpectation', (request, response) => connectionOf(request.socket)!.turnAway(response, 417))
      .on('connect', (_request, socket) => {
        // node:http has let go of the socket.
        socket.on('error', () => socket.destroy())
        connectionOf(socket as Socket)?.fail({ status: 501, code: 'CONNECT' })
      })
      .on('clientError', (error, socket) => this.#refuse(error, socket as Socket))
      .on('timeout', socket => connectionOf(socket)?.timedOut())
  }

  /**
   * Behind requests that are not answered the other protocol would overtake the answers. HTTP/1.0 has no upgrades (RFC
   * 9110 section 7.8).
   */
  #mayUpgrade(request: IncomingMessage): boolean {
    if (this.#upgrades.find(request) === undefined || connectionOf(request.socket)?.idle !== true)
      return false
    return request.httpVersion === '1.1' && faultOf(request) === undefined
  }

  /** node:http has let go of the connection. */
  readonly #upgrade = (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    const socket = duplex as Socket
    const { draining, monitor, settings } = this.#listener
    const serve = this.#mayUpgrade(request) ? this.#upgrades.find(request) : undefined
    if (serve && !draining) {
      const connection = connectionOf(socket)!
      settings.door.admit(request, connection.addr)
      this.#connections.release(socket)
      connection.release()
      serve(request, socket, head, admittedOf(request)?.client)
      return
    }
    const [status, detail] = draining
      ? ([503, 'The server is closing.'] as const)
      : ([400, 'There is no upgrade to that here.'] as const)
    monitor.refusedUpgrade(connectionOf(socket)!, request, status)
    socket.on('error', () => socket.destroy())
    closeGently(socket, rawProblem(status, detail, settings.defaultHeaders))
  }

  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const failure = protocolFailure(error)
    if (!failure) socket.destroy()
    // node:http counts from accept; before the first byte HTTP_CONNECT_TIMEOUT does.
    else if (failure.status !== 408 || socket.bytesRead > 0) connectionOf(socket)?.fail(failure)
  }
}
