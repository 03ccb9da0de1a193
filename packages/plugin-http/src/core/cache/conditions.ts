/**
 * Conditional requests (RFC 9110 section 13) for what is stored.
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { parseHttpDate } from './http-date.ts'
import { type StoredResponse, weakly } from './stored-response.ts'

/** Fields with which the program is asked whether something has changed, or for a part. */
const CONDITIONAL: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since', 'if-range'])

/** Whether the client has what is stored: RFC 9110 section 13.2.2, steps 3 and 4. */
export function isNotModified(headers: IncomingHttpHeaders, stored: StoredResponse): boolean {
  const { status } = stored.parts
  if (status < 200 || status > 299) return false
  const tags = headers['if-none-match']
  if (tags !== undefined) return matchesTag(tags, stored.etag)
  const since = parseHttpDate(headers['if-modified-since'])
  return since !== undefined && (stored.lastModified ?? stored.date) <= since
}

function matchesTag(tags: string, etag: string | undefined): boolean {
  const list = tags.trim()
  if (list === '*') return true
  if (etag === undefined) return false
  if (list === etag) return true
  const wanted = weakly(etag)
  for (const [, tag] of list.matchAll(/(?:W\/)?("[^"]*")/g)) if (tag === wanted) return true
  return false
}

/** The request's fields as the program is to get them: the client's conditions are answered by the cache. */
export function withConditions(raw: readonly string[], stored: StoredResponse | undefined): string[] {
  const fields: string[] = []
  for (let i = 0; i < raw.length; i += 2)
    if (!CONDITIONAL.has(raw[i]!.toLowerCase())) fields.push(raw[i]!, raw[i + 1]!)
  if (stored?.etag !== undefined) fields.push('If-None-Match', stored.etag)
  if (stored?.lastModified !== undefined)
    fields.push('If-Modified-Since', new Date(stored.lastModified).toUTCString())
  return fields
}

/** A part of a body: from, to and not with; null where the body has no such part; undefined for all of it. */
export type Part = readonly [from: number, to: number] | null | undefined

/** RFC 9110 section 14.2: one range of bytes. Several are not cut out: all is sent. */
export function partOf(headers: IncomingHttpHeaders, stored: StoredResponse): Part {
  const { status, body } = stored.parts
  const { range } = headers
  if (range === undefined || status !== 200 || !isUnchanged(headers['if-range'], stored)) return undefined
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim())
  if (!match || match[0] === 'bytes=-') return undefined
  const [, first = '', last = ''] = match
  const size = body.byteLength
  if (first === '') return Number(last) === 0 ? null : [Math.max(0, size - Number(last)), size]
  if (last !== '' && Number(last) < Number(first)) return undefined
  if (Number(first) >= size) return null
  return [Number(first), last === '' ? size : Math.min(size, Number(last) + 1)]
}

/** RFC 9110 section 13.1.5: a strong match, for a part is put together with another. */
function isUnchanged(condition: string | string[] | undefined, stored: StoredResponse): boolean {
  if (condition === undefined) return true
  if (typeof condition !== 'string') return false
  if (condition.startsWith('"')) return condition === stored.etag
  const date = parseHttpDate(condition)
  return date !== undefined && date === stored.lastModified
}
