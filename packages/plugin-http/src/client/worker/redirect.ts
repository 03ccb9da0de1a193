/**
 * Where a redirect leads (RFC 9110 section 15.4), and what of a request goes there.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** A request as it is sent. */
export interface Outgoing {
  readonly method: string
  readonly url: URL
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** True: streamed. */
  readonly body: string | Uint8Array | true | null
  /** The client itself asked for content codings, and undoes them. */
  readonly decode: boolean
}

export function isRedirect(status: number, location: string | undefined): location is string {
  if (location === undefined) return false
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/** Header fields that may go to another host than the one they were meant for: they say nothing about who asks. */
const HARMLESS = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'pragma',
  'range',
  'traceparent',
  'tracestate',
  'user-agent',
])

/**
 * The request that follows a redirect.
 *
 * @param insecure It may leave TLS.
 * @throws {SocketError} `ESECURITY` for one that leaves TLS, `EPROTO` for one that leads nowhere or would have a streamed
 * body sent again.
 */
export function redirected(request: Outgoing, status: number, location: string, insecure = false): Outgoing {
  const url = target(request.url, location, insecure)
  const becomesGet =
    (status === 303 && request.method !== 'HEAD') ||
    ((status === 301 || status === 302) && request.method === 'POST')
  if (!becomesGet && request.body === true)
    throw failure(
      'EPROTO',
      request.url,
      `redirects (${status}) a body that was streamed and cannot be sent again`,
    )
  const sameOrigin = url.origin === request.url.origin
  const headers: string[] = []
  for (let i = 0; i + 1 < request.headers.length; i += 2) {
    const name = request.headers[i]!.toLowerCase()
    if (becomesGet && (name.startsWith('content-') || name === 'digest')) continue
    if (sameOrigin ? name === 'host' : !HARMLESS.has(name)) continue
    headers.push(request.headers[i]!, request.headers[i + 1]!)
  }
  return becomesGet ? { ...request, method: 'GET', url, headers, body: null } : { ...request, url, headers }
}

function target(from: URL, location: string, insecure: boolean): URL {
  let url: URL
  try {
    url = new URL(location, from)
  } catch {
    throw failure('EPROTO', from, `redirects to ${JSON.stringify(location)}, which is no URL`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw failure('EPROTO', from, `redirects to ${url.protocol}, which is no HTTP`)
  if (from.protocol === 'https:' && url.protocol === 'http:' && !insecure)
    throw failure('ESECURITY', from, `redirects to ${url.origin}, which is not over TLS`)
  url.username = ''
  url.password = ''
  // RFC 9110 section 10.2.2: without a fragment of its own the new URL inherits the old one.
  if (url.hash === '') url.hash = from.hash
  return url
}

function failure(code: 'EPROTO' | 'ESECURITY', from: URL, what: string): SocketError {
  return new SocketError(code, `${from.href} ${what}`, { op: 'request', details: { url: from.href } })
}
