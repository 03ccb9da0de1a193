/**
 * Conditional requests (RFC 9110 section 13) for what is stored.
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { isUnchanged, outcomeOf, type Validators } from '../answer/conditions.ts'
import { type Range, rangesOf } from '../answer/ranges.ts'
import type { StoredResponse } from './stored-response.ts'

/** Fields with which the program is asked whether something has changed, or for a part. */
const CONDITIONAL: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since', 'if-range'])

/** Whether the client has what is stored: RFC 9110 section 13.2.2, steps 3 and 4. */
export function isNotModified(headers: IncomingHttpHeaders, stored: StoredResponse): boolean {
  const { status } = stored.parts
  if (status < 200 || status > 299) return false
  return outcomeOf(headers, validatorsOf(stored, stored.date)) === 'not modified'
}

function validatorsOf({ etag, lastModified }: StoredResponse, date?: number): Validators {
  return { etag, lastModified: lastModified ?? date }
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

/** The parts of what is stored that a request wants; null: there are no such; undefined: all of it. */
export function partsOf(
  headers: IncomingHttpHeaders,
  stored: StoredResponse,
): readonly Range[] | undefined | null {
  const { status, body } = stored.parts
  const { range } = headers
  if (range === undefined || status !== 200) return undefined
  if (!isUnchanged(headers['if-range'], validatorsOf(stored))) return undefined
  return rangesOf(range, body.byteLength)
}
