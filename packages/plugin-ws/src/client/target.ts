/**
 * Where a client connects: a URL (RFC 6455 section 3), a host and port, or the path of a local socket.
 * @module
 */
import { SocketError, type Target } from '@unisock/kernel/plugin'

export interface Destination {
  /** What is dialled. */
  target: Target
  /** What is asked for. */
  url: string
}

/** @throws {SocketError} `EBADADDR`; `EINVAL` for a URL that takes the other mode. */
export function destinationOf({ host, port, path }: Target, secure: boolean): Destination {
  const scheme = secure ? 'wss' : 'ws'
  if (path === undefined) {
    const name = host!.includes(':') ? `[${host}]` : host
    return { target: { host: host!, port: port! }, url: parse(`${scheme}://${name}:${port}/`).href }
  }
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return { target: { path }, url: `${scheme}://localhost/` }
  const url = parse(path)
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:')
    throw refuse('EBADADDR', `${url.protocol} is no WebSocket: a URL begins with ws:// or wss://`)
  if (url.hash !== '' || path.includes('#'))
    throw refuse('EBADADDR', 'the URL of a WebSocket has no fragment')
  if (url.protocol !== `${scheme}:`)
    throw refuse(
      'EINVAL',
      secure ? 'ws:// takes a WEBSOCKET_CLIENT (31)' : 'wss:// takes a WEBSOCKET_SECURE_CLIENT (33)',
    )
  const { hostname } = url
  const target = {
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
  }
  return { target, url: url.href }
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw refuse('EBADADDR', `${text} is no URL`)
  }
}

function refuse(code: 'EBADADDR' | 'EINVAL', message: string): SocketError {
  return new SocketError(code, message, { op: 'connect' })
}
