/**
 * The contract of close codes. Whether a client comes back is read from the number alone:
 *
 * - 3000-3499 and 4000-4499: reconnect, and resume;
 * - 3500-3999 and 4500-4999: do not, the same would happen again;
 * - below 3000, the WebSocket protocol's own (RFC 6455 section 7.4.1): see {@link mayReconnect}.
 *
 * 3xxx are Centrifugo's numbers where it has one for the reason.
 * @module
 */

interface Close {
  readonly code: number
  /** Goes into the close frame: at most 123 bytes (RFC 6455 section 5.5). */
  readonly reason: string
}

const close = (code: number, reason: string): Close => ({ code, reason })

export const CLOSE = {
  normal: close(1000, ''),
  goingAway: close(1001, 'going away'),
  unsupportedData: close(1003, 'messages are text'),
  tooBig: close(1009, 'message too big'),
  serverError: close(1011, 'server error'),
  tryLater: close(1013, 'try again later'),

  /** Clients spread their return. */
  shutdown: close(3001, 'shutdown'),
  /** What was sent over this connection has a hole that only recovery fills. */
  insufficientState: close(3010, 'insufficient state'),
  noPong: close(3012, 'no pong'),

  /** Meant for the old connection of a client that already has a new one. */
  replaced: close(4001, 'replaced'),
  idle: close(4002, 'idle'),
  tokenExpired: close(4003, 'token expired'),
  slow: close(4008, 'slow'),
  overflow: close(4009, 'overflow'),
  rateLimited: close(4029, 'rate limited'),

  unauthorized: close(3500, 'unauthorized'),
  disconnected: close(3503, 'disconnected'),
  tooManyErrors: close(3509, 'too many errors'),
  /** A resume token was used twice: whoever holds one of the two must log in again. */
  sessionEnded: close(4501, 'session ended'),
  banned: close(4529, 'banned'),
} as const satisfies Record<string, Close>

export type CloseName = keyof typeof CLOSE

/** Of the protocol's own codes, those after which the same peer would be refused again, or has said it is done. */
const TERMINAL = new Set([1000, 1002, 1003, 1007, 1008, 1009, 1010])

/** Whether a client comes back after this close code. */
export function mayReconnect(code: number): boolean {
  if (code < 3000) return !TERMINAL.has(code)
  return code < 5000 && code % 1000 < 500
}
