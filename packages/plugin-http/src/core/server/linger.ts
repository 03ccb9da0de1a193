/**
 * Closing so that the client can read the last response.
 * @module
 */
import type { Socket } from 'node:net'

/** How long what a client still sends is read and thrown away. */
const LINGER_MS = 2000

/**
 * Ends the sending side and discards what still arrives: a socket closed with unread data is reset, and the reset may
 * overtake the response (RFC 9112 section 9.6).
 *
 * @param last Latin-1 text to send before.
 */
export function closeGently(socket: Socket, last?: string): void {
  if (socket.writableEnded) return
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  if (last === undefined) socket.end()
  else socket.end(last, 'latin1')
  socket.resume()
}

/** Has node:http close gently too when it has sent a response with `Connection: close`. */
export function lingerAfterResponse(socket: Socket): void {
  socket.destroySoon = () => closeGently(socket)
}
