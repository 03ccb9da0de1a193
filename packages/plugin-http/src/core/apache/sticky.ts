/**
 * The cookie that a balancer finds a client's member by.
 * @module
 */
import type { LoadBalance } from './options.ts'

/** A Set-Cookie, unless the client names this member already or no new clients are taken. */
export function cookieFor(
  cookies: string | undefined,
  { sticky, route, drain }: LoadBalance,
): string | undefined {
  if (drain) return undefined
  // What is behind the last dot is the route, for mod_proxy_balancer.
  const value = `x.${route}`
  for (const pair of cookies?.split(';') ?? []) if (pair.trim() === `${sticky}=${value}`) return undefined
  return `${sticky}=${value}; Path=/; HttpOnly; SameSite=Lax`
}
