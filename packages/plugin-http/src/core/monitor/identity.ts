/**
 * What a request is known by: its id, and its place in a trace.
 * @module
 */
import type { RequestWire } from '../wire.ts'
import { parseTraceparent } from './trace-context.ts'

/** A request's place in a trace (W3C Trace Context). */
export interface RequestTrace {
  /** 32 hexadecimal digits, the same wherever the request led to. */
  readonly trace_id: string
  /** The span of who asked, where that has said; 16 hexadecimal digits. */
  readonly parent_id?: string
  /** This request's own span. */
  readonly span_id: string
  readonly sampled: boolean
  /** What requests are sent with that this one leads to. */
  readonly traceparent: string
  readonly tracestate?: string
}

/** As the worker keeps it. */
export interface Identity {
  readonly id: string
  readonly traceId: string
  readonly parentId: string | undefined
  readonly spanId: string
  readonly traceparent: string
  readonly tracestate: string | undefined
}

const IDENTITY = Symbol('unisock.http.identity')

interface Identified {
  [IDENTITY]?: Identity
}

export function identityOf(request: object): Identity | undefined {
  return (request as Identified)[IDENTITY]
}

export function setIdentity(request: object, identity: Identity): void {
  ;(request as Identified)[IDENTITY] = identity
}

/** What no field's name begins with. */
const MARK = ':'
const MARK_CODE = 0x3a

/** Puts it on a line of its own before a request's header fields. */
export function addIdentity(wire: RequestWire, identity: Identity): void {
  const { id, parentId = '', traceparent, tracestate = '' } = identity
  const line = `${MARK}${id} ${parentId} ${traceparent} ${tracestate}\n`
  const fields = wire[3]
  if (typeof fields === 'string') wire[3] = line + fields
  else fields[0] = line + fields[0]
}

/** The header fields as they crossed, without what was put before them. */
export function fieldsBehind(joined: string): string {
  return joined.charCodeAt(0) === MARK_CODE ? joined.slice(joined.indexOf('\n') + 1) : joined
}

/** Undefined where nothing was put before them. */
export function readIdentity(joined: string): { id: string; trace: RequestTrace } | undefined {
  if (joined.charCodeAt(0) !== MARK_CODE) return undefined
  const line = joined.slice(1, joined.indexOf('\n'))
  const [id = '', parent = '', traceparent = ''] = line.split(' ', 3)
  const tracestate = line.slice(id.length + parent.length + traceparent.length + 3)
  const { traceId, parentId, sampled } = parseTraceparent(traceparent)!
  const trace: RequestTrace = {
    trace_id: traceId,
    ...(parent !== '' && { parent_id: parent }),
    span_id: parentId,
    sampled,
    traceparent,
    ...(tracestate !== '' && { tracestate }),
  }
  return { id, trace }
}
