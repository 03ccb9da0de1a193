/**
 * How a web server reaches a listener.
 * @module
 */
import type { Addr } from '@unisock/kernel/plugin'

export interface Upstream {
  protocol: 'http' | 'https' | 'fcgi'
  /** Upgrades to WebSocket pass. */
  websocket: boolean
  /** `host:port`, or the path of a unix socket. */
  authority: string | undefined
  path: string | undefined
}

/** @throws {Error} for what is no upstream. */
export function parseUpstream(text: string): Upstream {
  const unix = /^unix:(\/[^|]*)(?:\|(http|https|fcgi|ws|wss):\/\/[^/]*\/?)?$/.exec(text)
  if (unix) return upstream(unix[2] ?? 'http', undefined, unix[1]!)
  const match = /^(http|https|fcgi|ws|wss):\/\/([^/@?#\s]+)\/?$/.exec(text)
  if (match && URL.canParse(`http://${match[2]}`)) return upstream(match[1]!, match[2]!, undefined)
  throw new Error(
    `${JSON.stringify(text)} is no upstream: http://host:port, fcgi://host:port, ws://host:port or unix:/path`,
  )
}

function upstream(scheme: string, authority: string | undefined, path: string | undefined): Upstream {
  const secure = scheme === 'https' || scheme === 'wss'
  const protocol = scheme === 'fcgi' ? 'fcgi' : secure ? 'https' : 'http'
  return { protocol, websocket: scheme.startsWith('ws'), authority, path }
}

/** Of a listener at an address. One on every interface is reached on this machine. */
export function upstreamOf(addr: Addr, protocol: Upstream['protocol']): Upstream {
  if (addr.family === 'local') return { protocol, websocket: false, authority: undefined, path: addr.address }
  const anywhere = addr.address === '::' || addr.address === '0.0.0.0'
  const host = anywhere ? '127.0.0.1' : addr.family === 'IPv6' ? `[${addr.address}]` : addr.address
  return { protocol, websocket: false, authority: `${host}:${addr.port}`, path: undefined }
}
