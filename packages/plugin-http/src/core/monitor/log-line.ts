/**
 * The lines of the access log: Apache's common and combined formats, and JSON.
 * @module
 */
import type { Addr } from '@unisock/kernel/plugin'
import { admittedOf } from '../apache/door.ts'
import { identityOf } from './identity.ts'
import { escapeLog } from './log-escape.ts'
import type { AccessLogField } from './log-fields.ts'
import type { Visit } from './visit.ts'

/** What a line tells of a request that was answered, or not to its end. */
export interface Told {
  readonly visit: Visit
  readonly status: number
  readonly aborted: boolean
}

/** What a line tells of what was no request. */
export interface Refusal {
  readonly addr: Addr
  readonly time: number
  readonly status: number
  /** The parser's code. */
  readonly reason: string
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (value: number): string => String(value).padStart(2, '0')

let second = Number.NaN
let stamp = ''

/** `[10/Oct/2000:13:55:36 -0700]`, the time of this place. */
export function logTime(time: number): string {
  const now = Math.floor(time / 1000)
  if (now === second) return stamp
  second = now
  const date = new Date(time)
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  stamp = `[${two(date.getDate())}/${MONTHS[date.getMonth()]}/${date.getFullYear()}:${clock} ${zone}]`
  return stamp
}

/** `%h %l %u %t "%r" %>s %b`. */
export function commonLine({ visit, status }: Told): string {
  const { request, bytes, time } = visit
  const { method, url, httpVersion } = request
  const user = userOf(visit)
  const who = user === undefined ? '-' : user === '' ? '""' : escapeLog(user)
  const line = `${escapeLog(method!)} ${escapeLog(url!)} HTTP/${httpVersion}`
  return `${hostOf(visit.client)} - ${who} ${logTime(time)} "${line}" ${status} ${bytes === 0 ? '-' : bytes}`
}

/** The common format with `"%{Referer}i" "%{User-agent}i"`. */
export function combinedLine(told: Told): string {
  const { referer, 'user-agent': agent } = told.visit.request.headers
  return `${commonLine(told)} "${quoted(referer)}" "${quoted(agent)}"`
}

/** What was no request has no line of one. */
export function refusedLine({ addr, time, status }: Refusal, combined: boolean): string {
  return `${hostOf(addr)} - - ${logTime(time)} "-" ${status} -${combined ? ' "-" "-"' : ''}`
}

export type LogRecord = Record<string, unknown>

/** What a line of JSON has. */
export function logRecord({ visit, status, aborted }: Told): LogRecord {
  const { request, bytes, time, client, fd, route } = visit
  const { headers } = request
  const identity = identityOf(request)
  return {
    time: new Date(time).toISOString(),
    address: client.address,
    user: userOf(visit),
    method: request.method,
    target: request.url,
    protocol: `HTTP/${request.httpVersion}`,
    host: headers.host,
    status,
    bytes,
    duration: Math.round(visit.duration * 1000) / 1000,
    request_id: identity?.id,
    trace_id: identity?.traceId,
    span_id: identity?.spanId,
    fd,
    route,
    cache: visit.cache,
    referer: headers.referer,
    user_agent: headers['user-agent'],
    ...(aborted && { aborted }),
  }
}

export function refusedRecord({ addr, time, status, reason }: Refusal): LogRecord {
  return { time: new Date(time).toISOString(), address: addr.address, status, bytes: 0, reason }
}

/** Those fields of a record that are wanted, with the request's own among them. */
export function picked(
  record: LogRecord,
  fields: readonly AccessLogField[],
  headers: Readonly<Record<string, string | string[] | undefined>> = {},
): LogRecord {
  const chosen: LogRecord = {}
  for (const field of fields)
    chosen[field] = field.startsWith('header.') ? headers[field.slice(7).toLowerCase()] : record[field]
  return chosen
}

/** Whom the server has found out, or the web server in front of it. */
function userOf({ user, request }: Visit): string | undefined {
  return user ?? admittedOf(request)?.front?.remote_user
}

/** The peer of a unix socket has no name. */
function hostOf({ address }: Addr): string {
  return address === '' ? '-' : address
}

function quoted(field: string | string[] | undefined): string {
  return field === undefined ? '-' : escapeLog(Array.isArray(field) ? field.join(', ') : field)
}
