/**
 * What a client's requests are relative to, and where each of them goes.
 * @module
 */
import { SocketError, type Target } from '@unisock/kernel/plugin'

export interface Base {
  readonly url: URL
  /** The local socket that its server listens on. */
  readonly socketPath: string | undefined
}

function refuse(code: 'EBADADDR' | 'EINVAL', message: string, op: string): SocketError {
  return new SocketError(code, message, { op })
}

/**
 * Reads a connect target, or `fallback` (HTTP_URL) where it says nothing.
 *
 * @throws {SocketError} `EBADADDR`; `EINVAL` for a URL that takes another mode.
 */
export function baseOf({ host, port, path }: Target, fallback: string | undefined, secure: boolean): Base {
  const scheme = secure ? 'https' : 'http'
  if (host !== undefined) {
    const name = host.includes(':') ? `[${host}]` : host
    return { url: parse(`${scheme}://${name}:${port}/`, secure), socketPath: undefined }
  }
  const named = path ?? fallback
  if (named === undefined)
    throw refuse('EBADADDR', 'connect takes a URL, a port or a path, unless HTTP_URL (102) is set', 'connect')
  if (named.startsWith('/') || named.startsWith('.'))
    return { url: new URL(`${scheme}://localhost/`), socketPath: named }
  return { url: parse(named, secure), socketPath: undefined }
}

function parse(text: string, secure: boolean): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw refuse('EBADADDR', `${text} is no URL`, 'connect')
  }
  checkScheme(url, secure, 'connect')
  if (url.username !== '' || url.password !== '')
    throw refuse(
      'EBADADDR',
      'a URL carries no credentials: they belong in the header Authorization',
      'connect',
    )
  return url
}

function checkScheme({ protocol }: URL, secure: boolean, op: string): void {
  if (protocol !== 'http:' && protocol !== 'https:')
    throw refuse('EBADADDR', `${protocol} is no HTTP: a URL begins with http:// or https://`, op)
  if (secure && protocol !== 'https:')
    throw refuse('EINVAL', 'http:// is not for this client, whose requests are all to be over TLS', op)
}

const ABSOLUTE = /^[a-z][a-z0-9+.-]*:/i

/**
 * The URL of a request. What is written as a path never leads to another host, whatever the path was made of.
 *
 * @throws {SocketError} `EINVAL`, `EBADADDR`; `ENOTCONN` for a path without a base.
 */
export function resolveUrl(url: string, base: Base | undefined, secure: boolean): URL {
  if (ABSOLUTE.test(url)) {
    const absolute = parseRequest(url, undefined)
    checkScheme(absolute, secure, 'request')
    if (absolute.username !== '' || absolute.password !== '')
      throw refuse(
        'EINVAL',
        'a URL carries no credentials: they belong in the header Authorization',
        'request',
      )
    return absolute
  }
  if (!base) throw new SocketError('ENOTCONN', 'connect first, or name a whole URL', { op: 'request' })
  const resolved = parseRequest(url, base.url)
  if (resolved.origin !== base.url.origin)
    throw refuse('EINVAL', `${url} names another host: write it as a whole URL`, 'request')
  return resolved
}

function parseRequest(url: string, base: URL | undefined): URL {
  try {
    return new URL(url, base)
  } catch {
    throw refuse('EINVAL', `${JSON.stringify(url)} is no URL`, 'request')
  }
}

/** The parts of a URL that a request is sent with. */
export interface UrlParts {
  readonly origin: string
  /** Path and query. */
  readonly target: string
  /** All but the fragment. */
  readonly href: string
}

/** What the getters of a URL make anew each time. */
const known = new WeakMap<URL, UrlParts>()

export function partsOf(url: URL): UrlParts {
  let parts = known.get(url)
  if (!parts) {
    const { origin, pathname, search, href, hash } = url
    parts = { origin, target: pathname + search, href: hash === '' ? href : href.slice(0, -hash.length) }
    known.set(url, parts)
  }
  return parts
}
