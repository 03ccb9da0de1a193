/**
 * Which pages may connect (RFC 6455 section 10.2). A browser sends its page's origin along, and cookies with it: without
 * a check every page on the net speaks for its reader.
 * @module
 */

/**
 * @param origin Of the request; a client that sends none is no browser.
 * @param allowed The origins that may, exactly; `*` for all; undefined: pages of the same host and port.
 */
export function allowsOrigin(
  origin: string | undefined,
  host: string,
  allowed: string | readonly string[] | undefined,
): boolean {
  if (origin === undefined) return true
  if (allowed === undefined) return isSameHost(origin, host)
  const list = typeof allowed === 'string' ? [allowed] : allowed
  return list.includes('*') || list.includes(origin)
}

/** Whatever the scheme: TLS may end at a proxy. */
function isSameHost(origin: string, host: string): boolean {
  const from = parse(origin)
  // An origin is no more than scheme, host and port; others, such as null, are none of ours.
  if (!from || from.origin !== origin.toLowerCase() || from.host === '') return false
  return parse(`${from.protocol}//${host}`)?.host === from.host
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
