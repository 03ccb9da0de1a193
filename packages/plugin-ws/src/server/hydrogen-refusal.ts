/**
 * A Hydrogen error before the handshake is done, as the HTTP response that refuses it.
 * @module
 */
import { HYDROGEN_ERRORS, type HydrogenErrorCode } from '../hydrogen/errors.ts'
import type { Refusal } from './refusal.ts'

const BUSY: ReadonlySet<HydrogenErrorCode> = new Set(['busy', 'timed_out'])

export function refusalOf(code: HydrogenErrorCode): Refusal {
  const reason = `${HYDROGEN_ERRORS[code].message}.`
  if (code === 'server_error') return { status: 500, reason }
  if (BUSY.has(code)) return { status: 503, reason, headers: { 'Retry-After': '1' } }
  return { status: 401, reason, headers: { 'WWW-Authenticate': 'Key, Bearer' } }
}
