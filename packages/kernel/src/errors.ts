/**
 * Every error of the kernel and its plugins, in one table.
 * The numbers are FluffOS's `socket_error` numbers; a code FluffOS lacks takes the nearest one.
 * @module
 */

export type ErrorCategory = 'connection' | 'protocol' | 'authentication' | 'application' | 'plugin' | 'usage'

interface ErrorKind {
  readonly errno: number
  readonly category: ErrorCategory
  readonly message: string
  readonly retryable: boolean
}

const kind = (errno: number, category: ErrorCategory, message: string, retryable = false): ErrorKind => ({
  errno,
  category,
  message,
  retryable,
})

export const ERRORS = {
  ESOCKET: kind(-1, 'connection', 'Problem creating socket', true),
  ESETSOCKOPT: kind(-2, 'usage', 'Problem with setsockopt'),
  ENONBLOCK: kind(-3, 'connection', 'Problem setting non-blocking mode'),
  ENOSOCKS: kind(-4, 'connection', 'No more sockets available', true),
  EFDRANGE: kind(-5, 'usage', 'Descriptor out of range'),
  EBADF: kind(-6, 'usage', 'Not an fd of this kernel'),
  ESECURITY: kind(-7, 'authentication', 'Security violation attempted'),
  EISBOUND: kind(-8, 'usage', 'Socket is already bound'),
  EADDRINUSE: kind(-9, 'connection', 'Address already in use', true),
  EBIND: kind(-10, 'connection', 'Problem with bind'),
  EGETSOCKNAME: kind(-11, 'connection', 'Problem with getsockname'),
  EMODENOTSUPP: kind(-12, 'usage', 'Socket mode not supported'),
  ENOADDR: kind(-13, 'usage', 'Socket not bound to an address'),
  EISCONN: kind(-14, 'usage', 'Socket is already connected'),
  ELISTEN: kind(-15, 'connection', 'Problem with listen'),
  ENOTLISTEN: kind(-16, 'usage', 'Socket not listening'),
  EWOULDBLOCK: kind(-17, 'connection', 'Operation would block', true),
  EINTR: kind(-18, 'connection', 'Interrupted', true),
  EACCEPT: kind(-19, 'connection', 'Problem with accept', true),
  EISLISTEN: kind(-20, 'usage', 'Socket is listening'),
  EBADADDR: kind(-21, 'usage', 'Problem with address format'),
  EALREADY: kind(-22, 'usage', 'Operation already in progress'),
  ECONNREFUSED: kind(-23, 'connection', 'Connection refused', true),
  ECONNECT: kind(-24, 'connection', 'Problem with connect', true),
  ENOTCONN: kind(-25, 'usage', 'Socket not connected'),
  ETYPENOTSUPP: kind(-26, 'usage', 'Value type not supported'),
  ESENDTO: kind(-27, 'connection', 'Problem with sendto', true),
  ESEND: kind(-28, 'connection', 'Problem with send', true),
  ECALLBACK: kind(-29, 'connection', 'Wait for drain', true),
  ESOCKRLSD: kind(-30, 'usage', 'Socket already released'),
  ESOCKNOTRLSD: kind(-31, 'usage', 'Socket not released'),
  EBADDATA: kind(-32, 'usage', 'Data cannot cross to the worker'),

  EINVAL: kind(-2, 'usage', 'Invalid value'),
  ENOPROTOOPT: kind(-2, 'usage', 'Option not known to this mode'),
  ENOTSUP: kind(-12, 'usage', 'Not supported'),
  EACCES: kind(-7, 'authentication', 'Permission denied'),
  EADDRNOTAVAIL: kind(-10, 'connection', 'Address not available'),
  EMSGSIZE: kind(-27, 'usage', 'Message too long'),
  ENOBUFS: kind(-29, 'connection', 'Too much is queued for a reader that is too slow', true),
  ENOSPC: kind(-4, 'application', 'The store is full', true),
  ECONNRESET: kind(-28, 'connection', 'Connection reset by peer', true),
  EPIPE: kind(-28, 'connection', 'Broken pipe', true),
  EEXIT: kind(-28, 'application', 'The program failed'),
  ETIMEDOUT: kind(-24, 'connection', 'Timed out', true),
  ECANCELED: kind(-18, 'application', 'Cancelled'),
  EPROTO: kind(-28, 'protocol', 'Protocol error'),
  EPLUGIN: kind(-1, 'plugin', 'The plugin worker failed', true),
  EPLUGINLOAD: kind(-1, 'plugin', 'The plugin could not be loaded'),
  ECONFLICT: kind(-12, 'plugin', 'Two plugins claim the same number'),
  ECLOSED: kind(-6, 'usage', 'The kernel is closed'),
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

export interface SocketErrorOptions {
  fd?: number | undefined
  /** The kernel call that failed: `bind`, `setOption` … */
  op?: string | undefined
  cause?: unknown
  category?: ErrorCategory
  retryable?: boolean
  details?: ErrorDetails | undefined
}

/** What a protocol has to say beside the code: a WebSocket's `closeCode` and `reason`. Plain values. */
export type ErrorDetails = Readonly<Record<string, unknown>>

const MARK = Symbol.for('unisock.SocketError')

/** The one error class. `code` is a key of {@link ERRORS} or a system error's own code, such as `EHOSTUNREACH`. */
export class SocketError extends Error {
  readonly code: string
  /** FluffOS's negative number for the code. */
  readonly errno: number
  readonly category: ErrorCategory
  readonly retryable: boolean
  readonly fd: number | undefined
  readonly op: string | undefined
  readonly details: ErrorDetails | undefined
  readonly [MARK] = true

  constructor(code: ErrorCode | (string & {}), message?: string, options: SocketErrorOptions = {}) {
    const known = lookup(code)
    super(
      message ?? known?.message ?? code,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.name = 'SocketError'
    this.code = code
    this.errno = known?.errno ?? -1
    this.category = options.category ?? known?.category ?? 'connection'
    this.retryable = options.retryable ?? known?.retryable ?? false
    this.fd = options.fd
    this.op = options.op
    this.details = options.details
  }
}

function lookup(code: string): ErrorKind | undefined {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode] : undefined
}

/** Recognises a SocketError of any copy of this package: two copies are normal in a monorepo. */
export function isSocketError(value: unknown): value is SocketError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MARK] === true
}

/**
 * What anything thrown becomes: a SocketError as it is, with the fd and the call it lacks; a system error with its own
 * code; the rest as `fallback`.
 */
export function toSocketError(
  thrown: unknown,
  fallback: ErrorCode,
  options: SocketErrorOptions = {},
): SocketError {
  if (isSocketError(thrown)) {
    const { code, message, category, retryable, cause, details } = thrown
    const { fd = options.fd, op = options.op } = thrown
    if (fd === thrown.fd && op === thrown.op) return thrown
    return new SocketError(code, message, { category, retryable, cause, details, fd, op })
  }
  if (thrown instanceof Error || (typeof thrown === 'object' && thrown !== null && 'message' in thrown)) {
    const { code, message } = thrown as { code?: unknown; message: string }
    return new SocketError(typeof code === 'string' ? code : fallback, message, { ...options, cause: thrown })
  }
  return new SocketError(fallback, String(thrown), options)
}

/** How an error crosses a port: structured clone would lose its class and its code. */
export interface ErrorRecord {
  code: string
  message: string
  category: ErrorCategory
  retryable: boolean
  stack?: string | undefined
  op?: string | undefined
  details?: ErrorDetails | undefined
}

export function toErrorRecord(thrown: unknown, fallback: ErrorCode): ErrorRecord {
  const { code, message, category, retryable, op, stack, details } = toSocketError(thrown, fallback)
  return { code, message, category, retryable, op, stack, ...(details && { details }) }
}

/** Its stack is that of where it was made; where it arrives is the same place for all. */
export function fromErrorRecord(record: ErrorRecord, options: SocketErrorOptions = {}): SocketError {
  const { code, message, category, retryable, op, details, stack } = record
  const error = withoutStack(
    () => new SocketError(code, message, { category, retryable, op, details, ...options }),
  )
  if (stack !== undefined) error.stack = stack
  return error
}

/** An error whose stack would tell nothing: to find it out for each of many is dear. */
export function withoutStack<E extends Error>(make: () => E): E {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = limit
  }
}
