/**
 * Which responses may be stored (RFC 9111 section 3), and who gets them.
 * @module
 */
import { Directives } from './directives.ts'
import { fieldOf, singleOf } from './fields.ts'
import type { Requester } from './requester.ts'
import { FRESH_BY_DEFAULT, type StoredResponse } from './stored-response.ts'

/** Whether a response's head alone forbids to store it, whoever asked. */
export function isForbidden(status: number, fields: readonly string[]): boolean {
  if (status < 200 || status === 206 || status === 304) return true
  const directives = new Directives(fieldOf(fields, 'cache-control'))
  if (directives.has('no-store') || directives.isWhole('private')) return true
  // A cookie is one client's. What is streamed to each client for itself never ends.
  return (
    singleOf(fields, 'set-cookie') !== undefined ||
    singleOf(fields, 'content-type')?.toLowerCase().startsWith('text/event-stream') === true
  )
}

/** Whether what a request was answered with may be sent to others, and is worth to be kept. */
export function isStorable(stored: StoredResponse, requester: Requester): boolean {
  const { explicit, lifetime, hasValidator, staleWhileRevalidate, directives } = stored
  if (!explicit && !FRESH_BY_DEFAULT.has(stored.parts.status)) return false
  if (!isMeantFor(stored, requester)) return false
  return (
    lifetime > 0 ||
    hasValidator ||
    staleWhileRevalidate > 0 ||
    (directives.seconds('stale-if-error') ?? 0) > 0
  )
}

/**
 * Whether a stored response is for a request with credentials too. One that says who is asking needs a response that
 * is for everybody (RFC 9111 section 3.5); one with cookies needs a response that says how long it is fresh, or that was
 * selected by them: what says nothing may be one user's.
 */
export function isMeantFor(stored: StoredResponse, requester: Requester): boolean {
  if (requester.isIdentified && !stored.forAuthorized) return false
  return requester.headers.cookie === undefined || stored.explicit || stored.parts.names.includes('cookie')
}
