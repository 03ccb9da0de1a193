/**
 * Which pages may connect over WebSocket (RFC 6455 section 10.2): without a check every page on the net reaches the
 * brokers of its reader's own network.
 * @module
 */

/** `origin`: of the request; a client that sends none is no browser. `allowed`: MQTT_ORIGIN; undefined: pages of `host`. */
export function allowsOrigin(
  origin: string | undefined,
  host: string,
  allowed: readonly string[] | undefined,
): boolean {
  if (origin === undefined) return true
  if (allowed) return allowed.includes('*') || allowed.includes(origin)
  const page = URL.canParse(origin) ? new URL(origin) : undefined
  if (!page || page.host === '') return false
  const own = `${page.protocol}//${host}`
  return URL.canParse(own) && new URL(own).host === page.host
}
