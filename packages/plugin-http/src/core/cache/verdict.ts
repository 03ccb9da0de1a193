/**
 * Whether a stored response will do for a request (RFC 9111 section 4.2.4 and 5.2.1).
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import { Directives } from './directives.ts'
import type { StoredResponse } from './stored-response.ts'

/**
 * `fresh`: it is sent. `stale`: it is sent, for the client wants it all the same. `renew`: it is sent, and the program
 * asked for the next one. `ask`: the program is asked first.
 */
export type Verdict = 'fresh' | 'stale' | 'renew' | 'ask'

/** What a request wants of a cache; undefined for most, which say nothing. */
export function wishesOf(headers: IncomingHttpHeaders): Directives | undefined {
  const header = headers['cache-control']
  if (header !== undefined) return new Directives(header)
  // RFC 9111 section 5.4.
  return headers.pragma?.toLowerCase().includes('no-cache') ? new Directives('no-cache') : undefined
}

export function verdictOn(stored: StoredResponse, wishes: Directives | undefined, now: number): Verdict {
  if (stored.noCache) return 'ask'
  const left = stored.freshFor(now)
  if (!wishes) {
    if (left > 0) return 'fresh'
    return !stored.mustRevalidate && -left < stored.staleWhileRevalidate ? 'renew' : 'ask'
  }
  if (wishes.has('no-cache')) return 'ask'
  const maxAge = wishes.seconds('max-age')
  if (maxAge !== undefined && stored.age(now) >= maxAge) return 'ask'
  const minFresh = wishes.seconds('min-fresh')
  if (minFresh !== undefined && left < minFresh) return 'ask'
  if (left > 0) return 'fresh'
  return !stored.mustRevalidate && takesStale(wishes, -left) ? 'stale' : 'ask'
}

/** A max-stale without a number takes anything. */
function takesStale(wishes: Directives, staleness: number): boolean {
  return wishes.isWhole('max-stale') || staleness <= (wishes.seconds('max-stale') ?? -1)
}

/** Whether what is stale is better than an answer that the program has failed to give (RFC 5861 section 4). */
export function isGoodOnFailure(
  stored: StoredResponse,
  wishes: Directives | undefined,
  now: number,
): boolean {
  if (stored.mustRevalidate || stored.noCache) return false
  const limit = Math.max(
    stored.directives.seconds('stale-if-error') ?? 0,
    wishes?.seconds('stale-if-error') ?? 0,
  )
  return limit > 0 && -stored.freshFor(now) <= limit
}
