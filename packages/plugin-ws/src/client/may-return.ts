/**
 * Whether a client that lost its connection tries again.
 * @module
 */
import type { SocketError } from '@unisock/kernel/plugin'

/**
 * Whether a close code leaves room for coming back. Those of RFC 6455 that say "done" or "you did wrong" do not; of the
 * rest, 3000-3499 and 4000-4499 do and 3500-3999 and 4500-4999 do not, as Centrifugo's convention has it.
 */
export function mayReturn(code: number): boolean {
  if (code < 3000) return code === 1001 || code === 1005 || code === 1006 || (code >= 1011 && code <= 1014)
  return code % 1000 < 500
}

/** Whether an attempt that failed so may succeed another time. */
export function mayRetry({ category, retryable }: SocketError): boolean {
  return retryable || category === 'connection'
}
