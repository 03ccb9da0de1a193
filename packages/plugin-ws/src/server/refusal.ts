/**
 * Telling a client that its handshake is refused (RFC 6455 section 4.2.2).
 * @module
 */
import type { Duplex } from 'node:stream'
import { STATUS_CODES } from '../node-http.ts'

export interface Refusal {
  status: number
  /** For whoever looks at the response; in ASCII. */
  reason: string
  headers?: Readonly<Record<string, string>>
  /** It answers a HEAD, and has no content (RFC 9110 section 9.3.2). */
  toHead?: boolean
}

/** How long what a client still sends is read and thrown away. */
const LINGER_MS = 2000

/** The whole response, after which the connection is closed. */
export function responseText({ status, reason, headers = {}, toHead = false }: Refusal): string {
  const body = `${reason}\n`
  // RFC 9110 section 7.8: whoever sends Upgrade names it in Connection.
  const connection = 'Upgrade' in headers ? 'Upgrade, close' : 'close'
  const fields = {
    Date: new Date().toUTCString(),
    Connection: connection,
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': String(body.length),
    ...headers,
  }
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\n`
  for (const [name, value] of Object.entries(fields)) text += `${name}: ${value}\r\n`
  return `${text}\r\n${toHead ? '' : body}`
}

/**
 * Sends the response, and reads on for a while: a socket closed with unread data is reset, and the reset may overtake
 * the response (RFC 9112 section 9.6).
 */
export function refuse(socket: Duplex, refusal: Refusal): void {
  if (socket.destroyed || socket.writableEnded) {
    socket.destroy()
    return
  }
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket
    .on('error', () => socket.destroy())
    .once('close', () => clearTimeout(timer))
    .once('end', () => socket.destroy())
    .end(responseText(refusal), 'latin1')
  socket.resume()
}
