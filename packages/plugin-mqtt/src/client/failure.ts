/**
 * What went wrong with a broker, as the kernel has it.
 * @module
 */
import { type ErrorCode, libraryFailure, SocketError } from '@unisock/kernel/plugin'

/** Reason codes, those of MQTT 3.1.1 among them, that are no protocol error (MQTT 5.0 section 2.4). */
const REASONS: Readonly<Record<number, ErrorCode>> = {
  1: 'ENOTSUP',
  2: 'EINVAL',
  3: 'ECONNREFUSED',
  4: 'EACCES',
  5: 'EACCES',
  132: 'ENOTSUP',
  133: 'EINVAL',
  134: 'EACCES',
  135: 'EACCES',
  136: 'ECONNREFUSED',
  137: 'ECONNREFUSED',
  138: 'EACCES',
  139: 'ECONNRESET',
  140: 'EACCES',
  141: 'ETIMEDOUT',
  142: 'ECONNRESET',
  143: 'EINVAL',
  144: 'EINVAL',
  149: 'EMSGSIZE',
  150: 'ENOBUFS',
  151: 'ENOSPC',
  152: 'ECONNRESET',
  154: 'ENOTSUP',
  155: 'ENOTSUP',
  156: 'ECONNREFUSED',
  157: 'ECONNREFUSED',
  158: 'ENOTSUP',
  159: 'ECONNREFUSED',
  160: 'ECONNRESET',
  161: 'ENOTSUP',
  162: 'ENOTSUP',
}

/** What mqtt.js says of a broker that is silent. */
const SILENCE = /^(connack|keepalive) timeout$/i

/** The broker said so with a reason code. */
export function refusal(reason: number, message: string, details: Record<string, unknown> = {}): SocketError {
  const code = REASONS[reason] ?? 'EPROTO'
  return new SocketError(code, message, { details: { reason_code: reason, ...details } })
}

/** What mqtt.js, or the stream below it, has thrown. */
export function brokerFailure(thrown: unknown): SocketError {
  const { code, message } = thrown as { code?: unknown; message?: string }
  if (typeof code === 'number') return refusal(code, lowerFirst(message ?? 'the broker refused'))
  if (SILENCE.test(message ?? ''))
    return new SocketError('ETIMEDOUT', 'the broker does not answer', { cause: thrown })
  return libraryFailure(thrown)
}

/** Whether an attempt that failed so may succeed another time. */
export function mayRetry({ category, retryable }: SocketError): boolean {
  return retryable || category === 'connection' || category === 'protocol'
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
