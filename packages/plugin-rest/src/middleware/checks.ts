/**
 * What the schemas of options 116, 118 and 119 cannot say.
 * @module
 */
import { parsePeers } from '@unisock/plugin-http/core'
import { isEverywhere } from './origins.ts'
import type { CorsConfig, MiddlewareEntry, RateLimits, RouteMiddleware } from './types.ts'

/** @throws {Error} where a name is there twice, or its settings cannot be. */
export function checkMiddleware(list: readonly (MiddlewareEntry | RouteMiddleware)[]): void {
  const seen = new Set<string>()
  for (const entry of list) {
    if (typeof entry === 'function') continue
    const name = typeof entry === 'string' ? entry : entry.name
    if (seen.has(name)) throw new Error(`'${name}' is there twice`)
    seen.add(name)
    if (typeof entry !== 'object') continue
    if (entry.name === 'cors') checkCors(entry)
    if (entry.name === 'rate-limit') checkLimits(entry)
    if (entry.name === 'request-id') parsePeers(entry.trusted ?? [])
  }
}

/** @throws {Error} for credentials from everywhere: any page on the net would speak for its reader. */
function checkCors({ origins, credentials = false }: CorsConfig): void {
  if (credentials && isEverywhere(origins))
    throw new Error("credentials need origins that are named: '*' is every page there is")
}

/** @throws {Error} for an address that is none, or two limits that clients could not tell apart. */
function checkLimits(limits: RateLimits): void {
  const seen = new Set<string>()
  for (const { allow = [], policy = 'default' } of Array.isArray(limits) ? limits : [limits]) {
    parsePeers(allow)
    if (seen.has(policy)) throw new Error(`two limits are called ${policy}: give each a policy of its own`)
    seen.add(policy)
  }
}

/** What of a route is checked here. @throws {Error} as the others do. */
export function checkOwn(own: {
  middleware?: readonly RouteMiddleware[] | false
  cors?: CorsConfig | false
  rateLimit?: RateLimits | false
}): void {
  if (own.middleware) checkMiddleware(own.middleware)
  if (own.cors) checkCors(own.cors)
  if (own.rateLimit) checkLimits(own.rateLimit)
}
