/**
 * Close codes (RFC 6455 section 7.4).
 * @module
 */
import { SocketError, withoutStack } from '@unisock/kernel/plugin'

export const NORMAL = 1000
export const GOING_AWAY = 1001
export const PROTOCOL_ERROR = 1002
export const NO_STATUS = 1005
export const ABNORMAL = 1006
export const POLICY_VIOLATION = 1008
export const TRY_AGAIN_LATER = 1013

/** What a close frame may carry (sections 7.4.1 and 7.4.2, and the registry of section 11.7). */
export function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false
  if (code >= 3000) return code <= 4999
  return code >= 1000 && code <= 1014 && code !== 1004 && code !== NO_STATUS && code !== ABNORMAL
}

const MAX_REASON_BYTES = 123

/** @throws {SocketError} `EINVAL` for a code or reason that no close frame can carry. */
export function checkClose(code: number | undefined, reason: string | undefined): void {
  if (code !== undefined && !isSendable(code))
    throw refuse(
      `close code ${String(code)} is none that may be sent: 1000-1014 as RFC 6455 has them, 3000-4999`,
    )
  if (reason === undefined) return
  if (typeof reason !== 'string') throw refuse('a close reason is text')
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES)
    throw refuse(`a close reason has ${MAX_REASON_BYTES} bytes at most`)
}

/** What a peer's close says to the program, with `details: { closeCode, reason }`; undefined for an orderly one. */
export function closeFailure(code: number, reason: string): SocketError | undefined {
  if (code === NORMAL || code === GOING_AWAY || code === NO_STATUS) return undefined
  const details = { closeCode: code, reason }
  if (code === ABNORMAL)
    return told('ECONNRESET', 'the connection was lost without a closing handshake (1006)', details)
  return told('EPROTO', `the peer closed with ${code}${reason === '' ? '' : `: ${reason}`}`, details)
}

/** What a peer did is in no line of code here. */
function told(code: string, message: string, details: Readonly<Record<string, unknown>>): SocketError {
  return withoutStack(() => new SocketError(code, message, { details }))
}

function refuse(message: string): SocketError {
  return new SocketError('EINVAL', message, { op: 'close' })
}
