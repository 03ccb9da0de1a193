/**
 * Errors of the libraries below, as the kernel has them.
 * @module
 */
import { type ErrorCode, SocketError } from '@unisock/kernel/plugin'

/** Codes of the library below that the kernel has its own for. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_INVALID_PORT: 'EBADADDR',
  ERR_INVALID_HOST: 'EBADADDR',
  ERR_INVALID_ADDRESS: 'EBADADDR',
  ERR_INVALID_SOURCE_HOST: 'EBADADDR',
  ERR_ALREADY_BOUND: 'EISBOUND',
  ERR_NOT_BOUND: 'ENOADDR',
  ERR_NOT_CONNECTED: 'ENOTCONN',
  ERR_NOT_SUPPORTED: 'ENOTSUP',
}

export function failure(thrown: unknown, op?: string): Error {
  const { code, message } = thrown as { code?: string; message: string }
  const known = CODES[code ?? '']
  if (known) return new SocketError(known, message, { op, cause: thrown })
  return thrown instanceof Error ? thrown : new SocketError('EPROTO', String(thrown), { op })
}

export function timedOut(option: string): SocketError {
  return new SocketError('ETIMEDOUT', `no traffic for as long as ${option} allows`)
}
