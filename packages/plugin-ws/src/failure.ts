/**
 * Errors of the libraries below, as the kernel has them.
 * @module
 */
import { type ErrorCode, isSocketError, SocketError, toSocketError } from '@unisock/kernel/plugin'

/** Codes of the library below that the kernel has its own for. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_INVALID_PORT: 'EBADADDR',
  ERR_INVALID_HOST: 'EBADADDR',
  ERR_INVALID_ADDRESS: 'EBADADDR',
  ERR_INVALID_SOURCE_HOST: 'EBADADDR',
  ABORT_ERR: 'ECANCELED',
}

/** With a code of the kernel's or the system's own, `EPROTO` where it has none, and the call that failed. */
export function failure(thrown: unknown, op?: string): SocketError {
  const { code, message } = thrown as { code?: string; message: string }
  const known = CODES[code ?? '']
  if (known) return new SocketError(known, message, { op, cause: thrown })
  if (!isSocketError(thrown) || thrown.op !== undefined) return toSocketError(thrown, 'EPROTO', { op })
  const { category, retryable, cause } = thrown
  return new SocketError(thrown.code, message, { op, category, retryable, cause })
}
