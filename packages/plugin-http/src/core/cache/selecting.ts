/**
 * The request header fields that responses are told apart by (RFC 9111 section 4.1): those of Vary, of CACHE_HEADERS,
 * and those by which programs commonly let a request say where it was meant for.
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'

/**
 * A program or what it is built with may put these into its answer, while nothing in a URL shows them: were they not
 * told apart, one client's value would be sent to all others. Proxies set them alike for everybody.
 */
export const STEERING: readonly string[] = [
  'forwarded',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-scheme',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-host',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
  'x-url-scheme',
]

/** The names in a Vary field, in lower case; undefined for one that no request matches: `*`. */
export function varyNames(vary: string | undefined): string[] | undefined {
  if (vary === undefined) return []
  const names = vary
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '')
  return names.includes('*') ? undefined : names
}

/** The request's values of some fields, made comparable. */
export function selectingValues(headers: IncomingHttpHeaders, names: readonly string[]): string[] {
  return names.map(name => selectingValue(headers, name))
}

/** Whether a request has the values. */
export function isSelected(
  headers: IncomingHttpHeaders,
  names: readonly string[],
  values: readonly string[],
): boolean {
  for (let i = 0; i < names.length; i++) {
    const raw = headers[names[i]!]
    const value = values[i]!
    if (raw === undefined ? value !== ABSENT : raw !== value && selectingValue(headers, names[i]!) !== value)
      return false
  }
  return true
}

/** No header value has a line break: a field that is not there is none that is empty. */
const ABSENT = '\n'

function selectingValue(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name]
  if (value === undefined) return ABSENT
  if (name === 'forwarded') return forwardedTarget(String(value))
  return normalized(Array.isArray(value) ? value.join(',') : value)
}

/** RFC 7239: `for` and `by` differ from client to client and say nothing of the target. */
function forwardedTarget(value: string): string {
  return value
    .split(/[;,]/)
    .map(pair => pair.trim().toLowerCase())
    .filter(pair => pair.startsWith('host=') || pair.startsWith('proto='))
    .join(';')
}

/** A list without the white space around its commas. */
function normalized(value: string): string {
  if (!value.includes(',')) return value
  return value
    .split(',')
    .map(item => item.trim())
    .join(',')
}
