/**
 * The HTTP that comes before a WebSocket, on sockets that others accept: requests are parsed, and answered unless they
 * ask for the upgrade.
 * @module
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { createServer } from '../node-http.ts'
import { type Refusal, refuse } from './refusal.ts'
import { checkRequest } from './request-check.ts'

export interface HttpFrontOptions {
  /** Milliseconds until a request's head must have come. */
  timeout: number
  onUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
  onRefusal(refusal: Refusal, socket: Socket): void
}

const MAX_HEADER_BYTES = 16 * 1024
/** Sockets without a whole request: beyond that, new ones are dropped. */
const MAX_PENDING = 4096
/** How often node:http looks for requests that are late, in milliseconds. */
const CHECK_INTERVAL = 500

/** Codes of node:http's parser that are not a plain 400. */
const PARSER_REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'The header is too large.' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, reason: 'The chunk extensions are too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'The handshake did not arrive in time.' },
}

export class HttpFront {
  readonly #options: HttpFrontOptions
  readonly #server: Server
  /** Sockets that are not upgraded. */
  readonly #pending: Set<Socket>
  readonly #gone: (this: Socket) => void

  constructor(options: HttpFrontOptions) {
    this.#options = options
    const pending = new Set<Socket>()
    this.#pending = pending
    // One function for all: a connection that is open has no use for it, and keeps nothing of it.
    this.#gone = function () {
      pending.delete(this)
    }
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: CHECK_INTERVAL,
      requireHostHeader: false,
      headersTimeout: options.timeout,
      requestTimeout: options.timeout,
    })
    // Each request that is no upgrade is the last of its connection.
    const answer = (request: IncomingMessage): void =>
      this.#refuse(checkRequest(request) ?? { status: 400, reason: 'This is no handshake.' }, request.socket)
    this.#server
      .on('request', answer)
      .on('checkContinue', answer)
      .on('checkExpectation', answer)
      .on('connect', answer)
      .on('upgrade', (request, socket, head) => {
        pending.delete(socket as Socket)
        socket.off('close', this.#gone)
        options.onUpgrade(request, socket as Socket, head)
      })
      .on('clientError', (error, socket) => this.#failed(error, socket as Socket))
    // node:http starts its check for late requests when its server listens; here somebody else does.
    this.#server.emit('listening')
  }

  /** Connections on which no handshake has come yet. */
  get pending(): number {
    return this.#pending.size
  }

  set timeout(ms: number) {
    this.#server.headersTimeout = ms
    this.#server.requestTimeout = ms
  }

  /** Takes a socket of which nothing was read. */
  serve(socket: Socket): void {
    if (this.#pending.size >= MAX_PENDING) {
      socket.destroy()
      return
    }
    this.#pending.add(socket)
    socket.on('close', this.#gone)
    this.#server.emit('connection', socket)
    socket.resume()
  }

  /** Drops what has not become a WebSocket. */
  close(): void {
    this.#server.close()
    for (const socket of this.#pending) socket.destroy()
  }

  #failed(error: NodeJS.ErrnoException, socket: Socket): void {
    const { code = '' } = error
    const plain = code.startsWith('HPE_')
      ? { status: 400, reason: 'The request is not valid HTTP.' }
      : undefined
    const refusal = PARSER_REFUSALS[code] ?? plain
    if (refusal) this.#refuse(refusal, socket)
    else socket.destroy()
  }

  #refuse(refusal: Refusal, socket: Socket): void {
    this.#options.onRefusal(refusal, socket)
    refuse(socket, refusal)
  }
}
