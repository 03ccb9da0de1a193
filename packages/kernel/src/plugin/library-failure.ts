/**
 * Errors of the libraries below a plugin, as the kernel has them.
 * @module
 */
import { type ErrorCode, SocketError, toSocketError } from '../errors.ts'

/** Codes of such libraries that the kernel has its own for. */
const CODES: ReadonlyMap<unknown, ErrorCode> = new Map([
  ['ERR_INVALID_PORT', 'EBADADDR'],
  ['ERR_INVALID_HOST', 'EBADADDR'],
  ['ERR_INVALID_ADDRESS', 'EBADADDR'],
  ['ERR_INVALID_SOURCE_HOST', 'EBADADDR'],
  ['ERR_ALREADY_BOUND', 'EISBOUND'],
  ['ERR_NOT_BOUND', 'ENOADDR'],
  ['ERR_NOT_CONNECTED', 'ENOTCONN'],
  ['ERR_NOT_SUPPORTED', 'ENOTSUP'],
  ['ABORT_ERR', 'ECANCELED'],
])

/**
 * What a library has thrown, with a code of the kernel's or the system's own and `EPROTO` where it has none. `op` is the
 * call that failed, for an error that does not say.
 */
export function libraryFailure(thrown: unknown, op?: string): SocketError {
  const known = CODES.get((thrown as { code?: unknown } | null | undefined)?.code)
  if (known !== undefined) return new SocketError(known, (thrown as Error).message, { op, cause: thrown })
  return toSocketError(thrown, 'EPROTO', { op })
}
