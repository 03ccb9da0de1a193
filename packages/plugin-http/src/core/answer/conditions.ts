/**
 * Conditional requests (RFC 9110 section 13).
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { parseHttpDate } from '../cache/http-date.ts'

/** What a representation is known by. */
export interface Validators {
  etag: string | undefined
  /** Milliseconds since 1970. */
  lastModified: number | undefined
}

/** What a request's conditions come to: the answer, 304 or 412 in its place. */
export type Outcome = 'met' | 'not modified' | 'failed'

/** Whether a request has conditions, or wants a part: for most the answer's validators need not be looked for. */
export function isConditional(headers: IncomingHttpHeaders): boolean {
  return (
    headers['if-none-match'] !== undefined ||
    headers['if-modified-since'] !== undefined ||
    headers.range !== undefined ||
    headers['if-match'] !== undefined ||
    headers['if-unmodified-since'] !== undefined
  )
}

/**
 * The preconditions of a GET or HEAD in the order of section 13.2.2. Those of other methods are the program's: what
 * they forbid must not have been done.
 */
export function outcomeOf(headers: IncomingHttpHeaders, { etag, lastModified }: Validators): Outcome {
  const required = headers['if-match']
  if (required !== undefined) {
    if (!matchesStrongly(required, etag)) return 'failed'
  } else {
    const unmodified = parseHttpDate(headers['if-unmodified-since'])
    if (unmodified !== undefined && lastModified !== undefined && lastModified > unmodified) return 'failed'
  }
  const known = headers['if-none-match']
  if (known !== undefined) return matchesWeakly(known, etag) ? 'not modified' : 'met'
  const since = parseHttpDate(headers['if-modified-since'])
  if (since !== undefined && lastModified !== undefined && lastModified <= since) return 'not modified'
  return 'met'
}

/** Whether a part may be sent: section 13.1.5, a strong match, for it is put together with another. */
export function isUnchanged(
  condition: string | string[] | undefined,
  { etag, lastModified }: Validators,
): boolean {
  if (condition === undefined) return true
  if (typeof condition !== 'string') return false
  if (condition.startsWith('"')) return condition === etag
  const date = parseHttpDate(condition)
  return date !== undefined && date === lastModified
}

/** An entity tag without its weakness (RFC 9110 section 8.8.3.2). */
export function weakly(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag
}

const TAGS = /(?:W\/)?("[^"]*")/g

function matchesWeakly(tags: string, etag: string | undefined): boolean {
  const list = tags.trim()
  if (list === '*') return true
  if (etag === undefined) return false
  if (list === etag) return true
  const wanted = weakly(etag)
  for (const [, tag] of list.matchAll(TAGS)) if (tag === wanted) return true
  return false
}

function matchesStrongly(tags: string, etag: string | undefined): boolean {
  const list = tags.trim()
  if (list === '*') return true
  if (etag === undefined || etag.startsWith('W/')) return false
  for (const [tag] of list.matchAll(TAGS)) if (tag === etag) return true
  return false
}
