/**
 * How a connection ended.
 * @module
 */
import { isSocketError, SocketError } from '@unisock/kernel/plugin'
import { closeFailure } from './close-code.ts'

export interface Ending {
  code: number
  /** Undefined for an orderly end. */
  error: SocketError | undefined
}

/** The codes that the library and its zlib put on errors of the peer's. */
const LIBRARY_ERROR = /^(?:WS_ERR_|Z_)/

/** `thrown` is what went wrong before; undefined where nothing did. */
export function endingOf(thrown: unknown, code: number, reason: string): Ending {
  return { code, error: failureOf(thrown) ?? closeFailure(code, reason) }
}

function failureOf(thrown: unknown): SocketError | undefined {
  if (thrown === undefined || isSocketError(thrown)) return thrown
  const { code = '', message } = thrown as { code?: string; message: string }
  return LIBRARY_ERROR.test(code)
    ? new SocketError('EPROTO', `the peer broke the protocol: ${message} (${code})`)
    : new SocketError(code || 'ECONNRESET', message, { cause: thrown })
}
