/**
 * The trace that a client's request belongs to.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { RequestTrace } from '../core/monitor/identity.ts'
import { checkTracestate, parseTraceparent } from '../core/monitor/trace-context.ts'

/** A trace, or the request that this one is made for. */
export type TraceSource =
  | Pick<RequestTrace, 'traceparent' | 'tracestate'>
  | { readonly trace: RequestTrace | undefined }

const HAS_TRACE = /^trace(?:parent|state)$/i

/**
 * The header fields of a trace, added to a request's own, `traceparent` last. The worker puts another span into it.
 *
 * @throws {SocketError} `EINVAL` for what is no trace, and for fields of its own beside it
 */
export function withTrace(headers: string[] | null, source: unknown): string[] | null {
  if (typeof source !== 'object' || source === null)
    throw invalid('trace: expected a trace, or a request that has one')
  const given = ('trace' in source ? source.trace : source) as Partial<RequestTrace> | undefined
  // The request was received without MONITOR_TRACE.
  if (given === undefined) return headers
  const { traceparent, tracestate } = given
  if (typeof traceparent !== 'string' || !parseTraceparent(traceparent))
    throw invalid('trace: its traceparent is none')
  if (headers?.some((name, i) => i % 2 === 0 && HAS_TRACE.test(name)))
    throw invalid('trace: the header has traceparent or tracestate already')
  const fields = headers ?? []
  if (tracestate !== undefined) {
    const state = typeof tracestate === 'string' ? checkTracestate(tracestate) : undefined
    if (state === undefined) throw invalid('trace: its tracestate is none')
    fields.push('tracestate', state)
  }
  fields.push('traceparent', traceparent)
  return fields
}

/** Has the traceparent that {@link withTrace} has put last name another span. */
export function renewSpan(headers: string[], span: string): void {
  const at = headers.length - 1
  const { 0: version, 1: trace, 3: flags } = headers[at]!.split('-')
  headers[at] = `${version}-${trace}-${span}-${flags}`
}

function invalid(reason: string): SocketError {
  return new SocketError('EINVAL', reason, { op: 'write' })
}
