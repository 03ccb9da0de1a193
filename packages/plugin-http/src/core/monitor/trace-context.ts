/**
 * W3C Trace Context: the fields `traceparent` and `tracestate`.
 * @module
 */

/** What a valid traceparent says. */
export interface TraceParent {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits: the span of who asks. */
  readonly parentId: string
  readonly sampled: boolean
  /** The trace's id is random where a program may rely on it (level 2, section 3.2.2.5.2). */
  readonly random: boolean
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const NO_TRACE = '0'.repeat(32)
const NO_SPAN = '0'.repeat(16)

/** Undefined for what is none (section 3.2.2): the trace begins anew then. */
export function parseTraceparent(field: string): TraceParent | undefined {
  const match = TRACEPARENT.exec(field)
  if (!match) return undefined
  const [, version, traceId, parentId, flags, more] = match
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (traceId === NO_TRACE || parentId === NO_SPAN) return undefined
  const bits = Number.parseInt(flags!, 16)
  return { traceId: traceId!, parentId: parentId!, sampled: (bits & 1) !== 0, random: (bits & 2) !== 0 }
}

export function formatTraceparent(
  traceId: string,
  spanId: string,
  sampled: boolean,
  random: boolean,
): string {
  return `00-${traceId}-${spanId}-0${(sampled ? 1 : 0) | (random ? 2 : 0)}`
}

/** Section 3.3.1.3.1: a key, with the tenant's name before `@` where there are several. */
const KEY = /^(?:[a-z0-9][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/
/** Section 3.3.1.3.2. */
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/
const MAX_MEMBERS = 32

/** The field without empty members and spaces around them; undefined for one that is none, or empty. */
export function checkTracestate(field: string): string | undefined {
  const members: string[] = []
  const keys = new Set<string>()
  for (const part of field.split(',')) {
    const member = withoutSpaces(part)
    if (member === '') continue
    const equals = member.indexOf('=')
    const key = member.slice(0, equals)
    if (equals < 0 || !KEY.test(key) || !VALUE.test(member.slice(equals + 1)) || keys.has(key))
      return undefined
    keys.add(key)
    members.push(member)
  }
  return members.length === 0 || members.length > MAX_MEMBERS ? undefined : members.join(',')
}

/** An expression would look at spaces within again from each of them. */
function withoutSpaces(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isSpace(text.charCodeAt(from))) from++
  while (from < to && isSpace(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

/** RFC 9110 section 5.6.3. */
function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
