/**
 * Every error of this package, in one table. System errors keep Node's codes (`ECONNREFUSED`, `EADDRINUSE` …).
 * @module
 */

/** Codes and their messages. The first group are uSockets' error kinds. */
export const ERRORS = {
  ERR_LOOP_ALREADY_RUNNING: 'The loop is running already',
  ERR_LOOP_CREATION: 'The loop could not be made',
  ERR_LOOP_EXT_NULL: 'The loop has no extension data',
  ERR_TIMER_CREATION: 'The timer could not be made',
  ERR_TIMER_EXT_NULL: 'The timer has no extension data',
  ERR_SOCKET_CONTEXT_CREATION: 'The socket context could not be made',
  ERR_SOCKET_CONTEXT_EXT_NULL: 'The socket context has no extension data',
  ERR_SOCKET_EXT_NULL: 'The socket has no extension data',
  ERR_INVALID_HOST: 'Not a host',
  ERR_INVALID_SOURCE_HOST: 'Not a local address to connect from',
  ERR_NOT_ON_LOOP_THREAD: "Only the loop's own thread may do this",
  ERR_LOOP_NOT_RUNNING: 'The loop is not running',
  ERR_MUTEX_LOCK_FAILED: 'A lock could not be taken',
  ERR_TIMER_LOOP_NULL: 'The timer belongs to no loop',
  ERR_ALLOCATION_FAILED: 'Memory could not be had',
  ERR_NETWORK_OPERATION: 'A network operation failed',
  ERR_INVALID_STRING_CONVERSION: 'The text cannot be converted',

  ERR_INVALID_ADDRESS: 'Not an address',
  ERR_INVALID_PORT: 'A port is an integer from 0 to 65535',
  ERR_OUT_OF_RANGE: 'The value is out of range',
  ERR_NOT_SUPPORTED: 'Not supported here',
  ERR_ALREADY_BOUND: 'The socket is bound already',
  ERR_NOT_BOUND: 'The socket is not bound',
  ERR_SOCKET_CLOSED: 'The socket is closed',
  ERR_ALREADY_CONNECTED: 'The socket is connected already',
  ERR_NOT_CONNECTED: 'The socket is not connected',
  ERR_UNEXPECTED_EOF: 'The stream ended before all was read',
  ERR_TOO_LONG: 'More was read than was allowed for',
  ERR_NOT_CLONEABLE: 'The data cannot be copied to another thread',
  ERR_NOT_REGISTERED: 'No function is registered under this name',
  ERR_TLS_OPTION: 'A TLS option is wrong',
  ERR_TLS_HANDSHAKE: 'The TLS handshake failed',
  ETIMEDOUT: 'Timed out',
} as const

export type SocketsErrorCode = keyof typeof ERRORS

export interface SocketsErrorOptions {
  /** The call that failed: `connect`, `listen` … */
  operation?: string | undefined
  cause?: unknown
}

/** Any failure of this package. `code` is a key of {@link ERRORS}, or a system error's own code. */
export class SocketsError extends Error {
  readonly code: string
  readonly operation: string | undefined

  constructor(code: SocketsErrorCode | (string & {}), message?: string, options: SocketsErrorOptions = {}) {
    const known = Object.hasOwn(ERRORS, code) ? ERRORS[code as SocketsErrorCode] : code
    super(message ?? known, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SocketsError'
    this.code = code
    this.operation = options.operation
  }
}

/** A name that could not be resolved; `code` is the resolver's: `ENOTFOUND`, `EAI_AGAIN` … */
export class DNSError extends SocketsError {
  readonly host: string

  constructor(host: string, code: string, options: SocketsErrorOptions = {}) {
    super(code, `${host} could not be resolved (${code})`, { operation: 'getAddrInfo', ...options })
    this.name = 'DNSError'
    this.host = host
  }
}

/** A failure with the system's code, and its first one where several addresses were tried (RFC 8305). */
export function toSocketsError(thrown: unknown, operation: string): SocketsError {
  if (thrown instanceof SocketsError) return thrown
  const error = thrown as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }
  const first = error.errors?.[0] ?? error
  return new SocketsError(first.code ?? 'ERR_NETWORK_OPERATION', first.message, { operation, cause: thrown })
}
