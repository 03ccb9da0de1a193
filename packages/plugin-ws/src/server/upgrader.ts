/**
 * The 101, and the WebSocket behind it: the library's half of a handshake whose terms are settled.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type PluginSocket, SO_LINGER } from '@unisock/kernel/plugin'
import { type WebSocketClass, WebSocketServer } from '../connection/ws-library.ts'
import { type Choice, deflateOptions } from '../deflate/offers.ts'
import type { CompressionSettings } from '../deflate/settings.ts'
import { WS_MAX_MESSAGE_SIZE } from '../options/index.ts'

/** Seconds in which a peer is to answer a close frame, at least. */
const CLOSE_TIMEOUT = 5
const EXTENSIONS = 'Sec-WebSocket-Extensions: '

export interface Terms {
  /** What `Sec-WebSocket-Protocol` says; empty for nothing. */
  protocol: string
  compression: { choice: Choice; settings: CompressionSettings } | undefined
}

export class Upgrader {
  readonly #socket: PluginSocket
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    handleProtocols: () => this.#protocol,
  })
  #protocol = ''
  #extensions = ''

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.#server.on('headers', headers => {
      const line = headers.find(header => header.startsWith(EXTENSIONS))
      this.#extensions = line?.slice(EXTENSIONS.length) ?? ''
    })
  }

  /** Reads the options again, for the handshakes to come. */
  refresh(): void {
    Object.assign(this.#server.options, {
      maxPayload: this.#socket.option(WS_MAX_MESSAGE_SIZE),
      closeTimeout: Math.max(CLOSE_TIMEOUT, this.#socket.option(SO_LINGER)) * 1000,
    })
  }

  /** Undefined: the client has left meanwhile. Its listeners must be set in the same turn. */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    { protocol, compression }: Terms,
  ): { ws: WebSocketClass; extensions: string } | undefined {
    const { headers } = request
    // The library takes no list, which RFC 9110 section 7.8 allows.
    headers.upgrade = 'websocket'
    this.#protocol = protocol
    this.#extensions = ''
    this.#server.options.perMessageDeflate = compression
      ? deflateOptions(compression.choice, compression.settings)
      : false
    if (compression) headers['sec-websocket-extensions'] = compression.choice.header
    else delete headers['sec-websocket-extensions']
    let opened: WebSocketClass | undefined
    this.#server.handleUpgrade(request, socket, head, ws => {
      opened = ws
    })
    return opened && { ws: opened, extensions: this.#extensions }
  }
}
