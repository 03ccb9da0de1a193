/**
 * Whether, and when, a request is sent again.
 * @module
 */
import type { SocketError } from '@unisock/kernel/plugin'
import type { HttpRetry } from '../options.ts'

/** RFC 9110 section 9.2.2. */
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY']
const DEFAULTS: Required<HttpRetry> = {
  tries: 1,
  methods: IDEMPOTENT,
  statuses: [],
  minDelay: 100,
  maxDelay: 10_000,
}

export function retryPolicy(value: number | HttpRetry): Required<HttpRetry> {
  return typeof value === 'number' ? { ...DEFAULTS, tries: value } : { ...DEFAULTS, ...value }
}

/** Faults that another try may mend. A server that takes too long is not asked again. */
const PASSING = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** Milliseconds until the next try after a failure; undefined: there is none. */
export function delayAfterFailure(
  policy: Required<HttpRetry>,
  method: string,
  tried: number,
  { code }: SocketError,
): number | undefined {
  if (tried >= policy.tries || !policy.methods.includes(method)) return undefined
  return PASSING.has(code) ? backoff(policy, tried) : undefined
}

/** Milliseconds until the next try after a response; undefined: it is handed on. */
export function delayAfterStatus(
  policy: Required<HttpRetry>,
  method: string,
  tried: number,
  status: number,
  retryAfter: string | undefined,
  now = Date.now(),
): number | undefined {
  if (tried >= policy.tries || !policy.methods.includes(method) || !policy.statuses.includes(status))
    return undefined
  const asked = retryAfter === undefined ? undefined : parseRetryAfter(retryAfter, now)
  if (asked === undefined) return backoff(policy, tried)
  return asked > policy.maxDelay ? undefined : asked
}

function backoff({ minDelay, maxDelay }: Required<HttpRetry>, tried: number): number {
  return Math.min(maxDelay, minDelay * 2 ** tried)
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function parseRetryAfter(value: string, now: number): number | undefined {
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}
