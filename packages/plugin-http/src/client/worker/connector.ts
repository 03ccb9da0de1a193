/**
 * How connections are made: directly, over TLS, to a local socket, or through a proxy's tunnel.
 * @module
 */
import type { Socket } from 'node:net'
import { clientTlsSettings, type PluginSocket, SocketError, tlsFailure } from '@unisock/kernel/plugin'
import { type ClientTls, clientHandshake, readClientTls } from '@unisock/sockets/engine'
import { HTTP2_ENABLE } from '../../core/http2/options.ts'
import type { Base } from './base.ts'
import { isProxied, openTunnel, type ProxyServer } from './proxy.ts'

/** TLS towards the client's own server, and towards all others that a request or a redirect may name. */
export interface ClientTlsPair {
  own: ClientTls
  others: ClientTls
}

/**
 * Reads options 0, 1 and 320-337. The certificate that the client presents and the name it sends are for its own server.
 *
 * @throws {SocketError} `EINVAL` naming the option that is unreadable or does not fit.
 */
export function readTls(socket: PluginSocket): ClientTlsPair {
  const enabled = socket.option(HTTP2_ENABLE) !== false
  const { alpn = enabled ? ['h2', 'http/1.1'] : ['http/1.1'], ...settings } = clientTlsSettings(socket)
  if (!enabled && alpn.includes('h2'))
    throw new SocketError('EINVAL', 'TLS_ALPN (329): h2 is offered, but HTTP2_ENABLE (340) is false')
  const { cert, key, passphrase, serverName, ...shared } = settings
  try {
    const own = readClientTls({ ...settings, alpn })
    if (cert === undefined && serverName === undefined) return { own, others: own }
    return { own, others: readClientTls({ ...shared, alpn }) }
  } catch (error) {
    throw tlsFailure(error, 'client')
  }
}

export interface ConnectorSettings {
  base: Base | undefined
  proxy: ProxyServer | undefined
  /** Read when a connection needs it. */
  tls(): ClientTlsPair
  /** Milliseconds until the connection must stand. */
  timeout: number
  noDelay: boolean
  keepAlive: boolean
  /** HTTP/2 is spoken where there is no TLS to agree on it. */
  http2: boolean
}

/** Where undici wants a connection to. */
export interface Endpoint {
  hostname: string
  protocol: string
  port: string
}

type Dial = typeof import('@unisock/sockets/dial').dial

type Callback = (...args: [error: null, socket: Socket] | [error: Error, socket: null]) => void

/** A connector as undici takes it. */
export function createConnector(
  settings: ConnectorSettings,
): (endpoint: Endpoint, callback: Callback) => void {
  return (endpoint, callback) => {
    connect(endpoint, settings).then(
      socket => callback(null, settings.http2 ? withoutAsking(socket, endpoint, settings) : socket),
      error => callback(error, null),
    )
  }
}

/** What undici takes for an agreement on HTTP/2, where a server without TLS is known to speak it. A proxy is not. */
function withoutAsking(
  socket: Socket,
  { hostname, protocol, port }: Endpoint,
  settings: ConnectorSettings,
): Socket {
  const { proxy } = settings
  if (protocol !== 'http:' || (proxy && isSame(proxy.url, protocol, hostname, portOf(port, false))))
    return socket
  return Object.assign(socket, { alpnProtocol: 'h2' })
}

async function connect(
  { hostname, protocol, port: written }: Endpoint,
  settings: ConnectorSettings,
): Promise<Socket> {
  const { base, proxy, tls, timeout, noDelay, keepAlive } = settings
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  const secure = protocol === 'https:'
  const port = portOf(written, secure)
  // The resolver comes along with it: servers do without.
  const { dial } = await import('@unisock/sockets/dial')
  const isOwn = base === undefined || isSame(base.url, protocol, hostname, port)
  const how = { timeout, noDelay, keepAlive }
  if (isOwn && base?.socketPath !== undefined) {
    const socket = await dial({ path: base.socketPath }, how)
    return secure ? clientHandshake(socket, 'localhost', within(tls().own, timeout)) : socket
  }
  const isTheProxy = proxy !== undefined && isSame(proxy.url, protocol, hostname, port)
  const chosen = !isTheProxy && isOwn ? tls : () => ({ own: tls().others })
  if (!proxy || isTheProxy || !secure || !isProxied(proxy, hostname, String(port)))
    return dial({ host, port }, secure ? { ...how, tls: within(chosen().own, timeout) } : how)
  return tunnel(dial, host, port, proxy, within(chosen().own, timeout), tls, how)
}

async function tunnel(
  dial: Dial,
  host: string,
  port: number,
  proxy: ProxyServer,
  end: ClientTls,
  tls: ConnectorSettings['tls'],
  how: { timeout: number },
): Promise<Socket> {
  const { hostname, protocol } = proxy.url
  const viaTls = protocol === 'https:'
  const to = { host: hostname.replace(/^\[|\]$/g, ''), port: portOf(proxy.url.port, viaTls) }
  const socket = await dial(to, viaTls ? { ...how, tls: within(tls().others, how.timeout) } : how)
  const timer = setTimeout(() => {
    socket.destroy(new SocketError('ETIMEDOUT', `the proxy opens no tunnel within ${how.timeout} ms`))
  }, how.timeout)
  try {
    await openTunnel(socket, `${host.includes(':') ? `[${host}]` : host}:${port}`, proxy)
  } catch (error) {
    socket.on('error', () => {}).destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
  return clientHandshake(socket, host, end)
}

/** A handshake takes no longer than the connection may. */
function within(tls: ClientTls, timeout: number): ClientTls {
  const { handshakeTimeout = timeout } = tls
  return handshakeTimeout <= timeout ? tls : { ...tls, handshakeTimeout: timeout }
}

function portOf(port: string, secure: boolean): number {
  return port === '' ? (secure ? 443 : 80) : Number(port)
}

function isSame(url: URL, protocol: string, hostname: string, port: number): boolean {
  const secure = url.protocol === 'https:'
  return url.protocol === protocol && url.hostname === hostname && portOf(url.port, secure) === port
}
