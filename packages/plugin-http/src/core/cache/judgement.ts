/**
 * What becomes of the program's answer: a response that can be stored, or none.
 * @module
 */
import { createHash } from 'node:crypto'
import { Directives } from './directives.ts'
import { fieldOf, singleOf, storableFields } from './fields.ts'
import { formatHttpDate } from './http-date.ts'
import type { Requester } from './requester.ts'
import { selectingValues, varyNames } from './selecting.ts'
import { isForbidden, isStorable } from './storable.ts'
import { type FreshnessDefaults, StoredResponse } from './stored-response.ts'

export interface Answer {
  readonly status: number
  readonly fields: readonly string[]
  readonly body: Uint8Array
  /** Milliseconds since 1970. */
  readonly requestedAt: number
  readonly receivedAt: number
}

export interface Rules extends FreshnessDefaults {
  /** Request fields that all responses are told apart by. */
  readonly names: readonly string[]
}

/** The answer as it can be stored for requests like this one. */
export function storedFrom(answer: Answer, requester: Requester, rules: Rules): StoredResponse | undefined {
  const { status, body } = answer
  if (isForbidden(status, answer.fields)) return undefined
  const vary = varyNames(fieldOf(answer.fields, 'vary'))
  if (vary === undefined) return undefined
  const names = [...new Set([...vary, ...impliedBy(answer.fields), ...rules.names])]
  const fields = fieldsOf(answer)
  const parts = {
    ...answer,
    age: ageIn(answer),
    fields,
    names,
    values: selectingValues(requester.headers, names),
  }
  const stored = new StoredResponse(parts, rules)
  if (!isStorable(stored, requester)) return undefined
  if (status !== 200 || body.byteLength === 0 || stored.hasValidator) return stored
  return new StoredResponse({ ...parts, fields: [...fields, 'ETag', tagOf(body)] }, rules)
}

/** An answer for one origin is one for that origin alone, though it forgets to say so (the Fetch standard, CORS and caches). */
function impliedBy(fields: readonly string[]): readonly string[] {
  const allowed = singleOf(fields, 'access-control-allow-origin')
  return allowed === undefined || allowed === '*' ? [] : ['origin']
}

/** What a 304 has made of a stored response; undefined where it speaks of another (RFC 9111 section 4.3.4). */
export function freshenedBy(
  answer: Answer,
  stored: StoredResponse,
  rules: Rules,
): StoredResponse | undefined {
  if (!stored.isMeantBy(answer.fields)) return undefined
  const { requestedAt, receivedAt } = answer
  return stored.freshened(fieldsOf(answer), { age: ageIn(answer), requestedAt, receivedAt }, rules)
}

/** RFC 9110 section 6.6.1: a recipient with a clock notes the date that is missing. */
function fieldsOf({ fields, receivedAt }: Answer): string[] {
  const directives = new Directives(fieldOf(fields, 'cache-control'))
  const kept = storableFields(fields, [...directives.fieldsOf('no-cache'), ...directives.fieldsOf('private')])
  if (singleOf(kept, 'date') === undefined) kept.push('Date', formatHttpDate(receivedAt))
  return kept
}

/** RFC 9111 section 5.1: of several values the first holds, and what is no number is ignored. */
function ageIn({ fields }: Answer): number {
  const age = /^\s*(\d{1,10})\s*(?:,|$)/.exec(fieldOf(fields, 'age') ?? '')
  return age ? Number(age[1]) : 0
}

/** Bytes that are the same have the same tag: strong (RFC 9110 section 8.8.1). */
function tagOf(body: Uint8Array): string {
  return `"${createHash('sha1').update(body).digest('base64url')}"`
}
