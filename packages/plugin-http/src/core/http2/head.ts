/**
 * Heads of requests and responses between HTTP/2's form (RFC 9113 section 8.3) and HTTP/1.1's.
 * @module
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import { hasControls } from '../headers.ts'

export interface RequestHead {
  method: string
  uri: string
  /** Names in lower case and values in turn. */
  rawHeaders: string[]
}

/** Why a head is refused: with a status, or as malformed. */
export type HeadFailure = 400 | 417 | 431 | 501 | 'malformed'

/**
 * Bytes that HTTP/1.1 would have needed: with a colon, a space and the end of a line for each field.
 */
function sizeOf(raw: readonly string[]): number {
  let size = 0
  for (let i = 0; i < raw.length; i += 2) size += raw[i]!.length + raw[i + 1]!.length + 4
  return size
}

/**
 * Reads what nghttp2 has checked: names, pseudo-fields, and that there are no fields of the connection.
 *
 * @param raw Names and values in turn, as they came.
 * @param headers The same by name.
 * @param limit Bytes of the head.
 */
export function readHead(
  raw: readonly string[],
  headers: IncomingHttpHeaders,
  limit: number,
): RequestHead | HeadFailure {
  const method = headers[':method']!
  const uri = headers[':path']
  const authority = headers[':authority']
  if (sizeOf(raw) > limit) return 431
  if (method === 'CONNECT' || uri === undefined) return 501
  if (!isTarget(uri)) return 400
  // RFC 9113 section 8.3.1: a Host that names another server than :authority makes a request malformed.
  const { host, cookie } = headers
  if (authority !== undefined && host !== undefined && host !== authority) return 'malformed'
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') return 417
  const rawHeaders: string[] = []
  if (authority !== undefined) rawHeaders.push('host', authority)
  let hasCookie = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!
    if (name.charCodeAt(0) === COLON || (name === 'host' && authority !== undefined)) continue
    if (name !== 'cookie') rawHeaders.push(name, raw[i + 1]!)
    else if (!hasCookie) {
      // RFC 9113 section 8.2.3: crumbs are joined for what knows HTTP/1.1 only.
      hasCookie = true
      rawHeaders.push(name, cookie!)
    }
  }
  return { method, uri, rawHeaders }
}

const COLON = 0x3a

function isTarget(uri: string): boolean {
  return (uri.charCodeAt(0) === 0x2f || uri === '*') && !uri.includes(' ') && !hasControls(uri)
}

/** RFC 9113 section 8.2.2: fields of an HTTP/1.1 connection. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Names in HTTP/2's form; `''` for those that have none. */
const names = new Map<string, string>()
const MAX_NAMES = 1024

function nameOf(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known
  const lower = name.toLowerCase()
  const found = CONNECTION_FIELDS.has(lower) ? '' : lower
  if (names.size < MAX_NAMES) names.set(name, found)
  return found
}

/**
 * Adds a field to a response's head, or to its trailers.
 *
 * @throws {TypeError} for a value that would be several fields.
 */
export function addField(head: OutgoingHttpHeaders, written: string, value: string): void {
  const name = nameOf(written)
  if (name === '') return
  if (hasControls(value))
    throw new TypeError(`header ${written}: its value has a character that no header may have`)
  const before = head[name]
  if (before === undefined) head[name] = value
  else if (Array.isArray(before)) before.push(value)
  else if (!SINGLE.has(name)) head[name] = [before as string, value]
}

/** node:http2 takes one of these: the first. */
const SINGLE: ReadonlySet<string> = new Set([
  'age',
  'content-encoding',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'max-forwards',
  'retry-after',
  'server',
])
