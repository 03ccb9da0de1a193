/**
 * What undici and the sockets below it throw, in the kernel's terms.
 * @module
 */
import { type ErrorCode, libraryFailure, SocketError, tlsFailure } from '@unisock/kernel/plugin'

const CODES: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'],
  ['UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT'],
  ['UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'],
  ['UND_ERR_SOCKET', 'ECONNRESET'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'EPROTO'],
  ['UND_ERR_HEADERS_OVERFLOW', 'EPROTO'],
  ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'EINVAL'],
  ['UND_ERR_INVALID_ARG', 'EINVAL'],
  ['UND_ERR_NOT_SUPPORTED', 'EINVAL'],
  ['UND_ERR_ABORTED', 'ECANCELED'],
  ['UND_ERR_ABORT', 'ECANCELED'],
  ['UND_ERR_CLOSED', 'ECANCELED'],
  ['UND_ERR_DESTROYED', 'ECANCELED'],
  ['UND_ERR_INFO', 'ECONNRESET'],
])

/** Of a server that breaks off in the middle, which the parser takes for a fault of its own. */
const CUT_OFF = new Set(['HPE_INVALID_EOF_STATE', 'HPE_CLOSED_CONNECTION'])

export function requestFailure(thrown: unknown): SocketError {
  const { code, message = '' } = (thrown ?? {}) as { code?: unknown; message?: string }
  const known = CODES.get(code)
  if (known !== undefined) return new SocketError(known, message, { op: 'request', cause: thrown })
  if (typeof code === 'string' && code.startsWith('HPE_'))
    return new SocketError(CUT_OFF.has(code) ? 'ECONNRESET' : 'EPROTO', message, {
      op: 'request',
      cause: thrown,
    })
  return libraryFailure(tlsFailure(thrown, 'client', 'request'), 'request')
}

/** A response is longer than it may be. The fault is the server's, not the program's. */
export function tooLong(what: string, limit: number, option: string): SocketError {
  return new SocketError('EMSGSIZE', `${what} is longer than the ${limit} bytes of ${option}`, {
    op: 'request',
    category: 'protocol',
  })
}
