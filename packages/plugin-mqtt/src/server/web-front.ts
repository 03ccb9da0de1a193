/**
 * MQTT over WebSocket (MQTT 5.0 section 6) on sockets that others accept.
 * @module
 */
import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocketServer } from 'ws'

export interface WebFrontOptions {
  /** Bytes of a message. */
  readonly maxPayload: number
  allows(origin: string | undefined, host: string): boolean
  onStream(stream: Duplex, socket: Socket): void
}

const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']
/** Milliseconds in which a request must have come. */
const REQUEST_TIMEOUT = 10_000

export class WebFront {
  readonly #server = createServer({ headersTimeout: REQUEST_TIMEOUT, requestTimeout: REQUEST_TIMEOUT })
  readonly #webSockets: WebSocketServer

  constructor({ maxPayload, allows, onStream }: WebFrontOptions) {
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload,
      handleProtocols: offered => SUBPROTOCOLS.find(name => offered.has(name)) ?? false,
    })
    this.#server
      .on('request', (_request, response) => {
        response.writeHead(426, { Upgrade: 'websocket', Connection: 'close' }).end()
      })
      .on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
        const { origin, host = '', 'sec-websocket-protocol': protocols = '' } = request.headers
        const offered = protocols.split(',').map(name => name.trim())
        if (!allows(origin, host)) return refuse(socket, 403)
        if (!SUBPROTOCOLS.some(name => offered.includes(name))) return refuse(socket, 400)
        this.#webSockets.handleUpgrade(request, socket, head, ws =>
          onStream(createWebSocketStream(ws), socket),
        )
      })
      .on('clientError', (_error, socket) => socket.destroy())
  }

  serve(socket: Socket): void {
    this.#server.emit('connection', socket)
    socket.resume()
  }

  close(): void {
    this.#server.close()
    this.#webSockets.close()
  }
}

function refuse(socket: Socket, status: number): void {
  socket.on('error', () => {}).end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`)
}
