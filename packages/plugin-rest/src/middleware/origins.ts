/**
 * Origins (RFC 6454) and patterns of them.
 * @module
 */

/** Whether an origin, as a browser sends it, is one of those that are named. */
export type Origins = (origin: string) => boolean

/** Whether every page there is may call. */
export function isEverywhere(origins: string | readonly string[]): boolean {
  return asList(origins).includes('*')
}

/** `*.` stands for any subdomain, however deep, and `:*` for any port or none. */
export function compileOrigins(origins: string | readonly string[]): Origins {
  if (isEverywhere(origins)) return () => true
  const list = asList(origins)
  const exact = new Set(list.filter(origin => !origin.includes('*')))
  const patterns = list.filter(origin => origin.includes('*')).map(toExpression)
  if (patterns.length === 0) return origin => exact.has(origin)
  return origin => exact.has(origin) || patterns.some(pattern => pattern.test(origin))
}

function asList(origins: string | readonly string[]): readonly string[] {
  return typeof origins === 'string' ? [origins] : origins
}

function toExpression(pattern: string): RegExp {
  const escaped = pattern.replace(/[.+[\]]/g, '\\$&')
  const source = escaped.replace('*\\.', '(?:[a-z0-9_-]+\\.)+').replace(':*', '(?::\\d{1,5})?')
  return new RegExp(`^${source}$`)
}
