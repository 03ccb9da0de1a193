/**
 * The client's half of the opening handshake over a connected socket (RFC 6455 section 4.1).
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { SocketError } from '@unisock/kernel/plugin'
import { WebSocket, type WebSocketClass } from '../connection/ws-library.ts'
import type { CompressionSettings } from '../deflate/settings.ts'
import { zlibOptions } from '../deflate/settings.ts'
import { STATUS_CODES } from '../node-http.ts'

export interface HandshakeOptions {
  url: string
  protocols: string[]
  headers: Record<string, string>
  origin: string | undefined
  compression: CompressionSettings | undefined
  maxPayload: number
  /** Milliseconds that a close frame may wait for its answer. */
  closeTimeout: number
  signal: AbortSignal
}

/** What the server said. The WebSocket is paused. */
export interface Response {
  ws: WebSocketClass
  rawHeaders: string[]
  extensions: string
}

/** @throws {SocketError} `EACCES` (401, 403), `ECONNREFUSED` (429, 503), `EPROTO` for any other answer that is not 101. */
export function handshake(socket: Socket, options: HandshakeOptions): Promise<Response> {
  const { url, protocols, headers, origin, compression, maxPayload, closeTimeout, signal } = options
  if (signal.aborted) {
    socket.destroy()
    return Promise.reject(signal.reason)
  }
  return new Promise((resolve, reject) => {
    let response: IncomingMessage | undefined
    const ws = new WebSocket(url, protocols, {
      createConnection: () => socket,
      headers,
      ...(origin !== undefined && { origin }),
      perMessageDeflate: compression ? offerOf(compression) : false,
      maxPayload,
      closeTimeout,
      followRedirects: false,
    } as WebSocketClass.ClientOptions)
    const settle = (): void => {
      signal.removeEventListener('abort', abort)
      ws.off('error', failed)
    }
    const fail = (error: SocketError): void => {
      settle()
      ws.on('error', () => {}).terminate()
      socket.destroy()
      reject(error)
    }
    const abort = (): void => fail(signal.reason as SocketError)
    const failed = (error: Error & { code?: string }): void =>
      fail(new SocketError(codeOf(error), `the handshake failed: ${error.message}`, { cause: error }))
    signal.addEventListener('abort', abort)
    ws.on('error', failed)
      .on('upgrade', answer => {
        response = answer
        if (answer.httpVersion !== '1.1')
          fail(new SocketError('EPROTO', `the server answered in HTTP/${answer.httpVersion}`))
      })
      .on('unexpected-response', (_request, answer) => fail(refusalOf(answer)))
      .on('open', () => {
        settle()
        // What came right behind the 101 waits for whoever is going to read.
        ws.pause()
        const { rawHeaders, headers } = response!
        resolve({ ws, rawHeaders, extensions: headers['sec-websocket-extensions'] ?? '' })
      })
  })
}

/** A response that is no HTTP is the parser's error; what has a code besides is the system's. */
function codeOf({ code = 'EPROTO' }: { code?: string }): string {
  return code.startsWith('HPE_') ? 'EPROTO' : code
}

function offerOf(settings: CompressionSettings) {
  const { windowBits, contextTakeover } = settings
  return {
    clientNoContextTakeover: !contextTakeover,
    serverNoContextTakeover: !contextTakeover,
    clientMaxWindowBits: windowBits,
    serverMaxWindowBits: windowBits,
    ...zlibOptions(settings),
  }
}

function refusalOf({ statusCode = 0, headers }: IncomingMessage): SocketError {
  const status = `the server answered ${statusCode} ${STATUS_CODES[statusCode] ?? ''}`.trimEnd()
  const redirect = statusCode >= 300 && statusCode < 400 && headers.location ? ` (${headers.location})` : ''
  if (statusCode === 401 || statusCode === 403) return new SocketError('EACCES', status)
  if (statusCode === 429 || statusCode === 503) return new SocketError('ECONNREFUSED', status)
  return new SocketError('EPROTO', status + redirect, { retryable: statusCode >= 500 })
}
