/**
 * Options that an open connection cannot change.
 * @module
 */
import {
  WS_AUTH,
  WS_COMPRESSION,
  WS_EXTENSIONS,
  WS_HANDSHAKE_TIMEOUT,
  WS_MAX_MESSAGE_SIZE,
  WS_ORIGIN,
  WS_PROTOCOL,
  WS_SUBPROTOCOL,
} from '../options/index.ts'
import type { Agreement } from './agreement.ts'

/** What only a handshake reads; a client reads it for its next one. */
const SETTLED: ReadonlySet<number> = new Set<number>([
  WS_PROTOCOL,
  WS_EXTENSIONS,
  WS_ORIGIN,
  WS_COMPRESSION,
  WS_SUBPROTOCOL,
  WS_AUTH,
  WS_HANDSHAKE_TIMEOUT,
])

/** Whether an option of an open connection is as its handshake has it. */
export function isSettled(option: number, role: Agreement['role']): boolean {
  return option === WS_MAX_MESSAGE_SIZE || (role === 'server' && SETTLED.has(option))
}
