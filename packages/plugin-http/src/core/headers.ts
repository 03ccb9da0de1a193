/**
 * Header fields (RFC 9110 section 5): the program's mapping to the flat array that crosses, and what arrived to a
 * mapping.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** Header fields by name. An array is sent as one field line each. */
export type HttpHeaders = Readonly<Record<string, string | number | readonly string[]>>

/** Header fields as they arrived: names in lower case, `set-cookie` an array, other repeated fields joined. */
export type HttpRequestHeaders = Record<string, string | string[] | undefined>

/** RFC 9110 section 5.6.2: the characters of a token. */
const TOKEN = new Uint8Array(128)
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
  TOKEN[char.charCodeAt(0)] = 1

/** Names that were found valid: programs use few, again and again. */
const validNames = new Set<string>()
const MAX_VALID_NAMES = 1024

/** Whether a text is a token. */
export function isToken(text: string): boolean {
  let valid = text.length > 0
  for (let i = 0; valid && i < text.length; i++) valid = TOKEN[text.charCodeAt(i)] === 1
  return valid
}

/** Whether a text has what no header's value may have, and no method and no target either (RFC 9110 section 5.5). */
export function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true
  }
  return false
}

function checkName(name: string): void {
  if (validNames.has(name)) return
  if (!isToken(name))
    throw new SocketError('EINVAL', `not a header name: ${JSON.stringify(name)} (RFC 9110 section 5.1)`)
  if (validNames.size < MAX_VALID_NAMES) validNames.add(name)
}

function checkValue(name: string, value: unknown): string {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string')
    throw new SocketError('EINVAL', `header ${name}: expected a string, a number or an array of strings`)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff)
      throw new SocketError(
        'EINVAL',
        `header ${name}: its value has a character that no header may have, at ${i}`,
      )
  }
  return text
}

/**
 * Names and values in turn; null where there are none.
 *
 * @throws {SocketError} `EINVAL` for a name that is no token or a value with control characters (RFC 9110 section 5.5).
 */
export function flattenHeaders(headers: HttpHeaders | undefined): string[] | null {
  if (headers === undefined || headers === null) return null
  if (typeof headers !== 'object') throw new SocketError('EINVAL', 'headers: expected a mapping')
  const flat: string[] = []
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value === undefined) continue
    checkName(name)
    if (Array.isArray(value)) for (const line of value) flat.push(name, checkValue(name, line))
    else flat.push(name, checkValue(name, value))
  }
  return flat.length === 0 ? null : flat
}

/** The fields of which a second line is dropped; all others are joined with a comma (node:http's rules). */
const SINGLETONS = new Set([
  'age',
  'authorization',
  'content-length',
  'content-type',
  'etag',
  'expires',
  'from',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'referer',
  'retry-after',
  'server',
  'user-agent',
])

/** What crossed as one string, names and values in turn, as they were on the wire. */
export function splitHeaders(joined: string | null | undefined): string[] {
  return joined ? joined.split('\n') : []
}

/** A mapping by node:http's rules of `message.headers`. */
export function parseHeaders(raw: readonly string[]): HttpRequestHeaders {
  const headers: HttpRequestHeaders = Object.create(null)
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const value = raw[i + 1]!
    const before = headers[name]
    if (name === 'set-cookie') {
      if (before === undefined) headers[name] = [value]
      else (before as string[]).push(value)
    } else if (before === undefined) headers[name] = value
    else if (!SINGLETONS.has(name)) headers[name] = `${before}${name === 'cookie' ? '; ' : ', '}${value}`
  }
  return headers
}
