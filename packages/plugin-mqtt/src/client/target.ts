/**
 * Where a client connects: a URL, a host and port, or the path of a local socket.
 * @module
 */
import { SocketError, type Target } from '@unisock/kernel/plugin'

export interface Destination {
  /** What is dialled. */
  readonly target: Target
  readonly tls: boolean
  /** What is asked for over WebSocket; undefined without. */
  readonly webSocket: string | undefined
  /** As the URL has them. */
  readonly username: string | undefined
  readonly password: string | undefined
}

interface Scheme {
  readonly port: number
  readonly tls: boolean
  readonly webSocket: boolean
}

const MQTT: Scheme = { port: 1883, tls: false, webSocket: false }
const MQTTS: Scheme = { port: 8883, tls: true, webSocket: false }
const SCHEMES: Readonly<Record<string, Scheme>> = {
  'mqtt:': MQTT,
  'tcp:': MQTT,
  'mqtts:': MQTTS,
  'tls:': MQTTS,
  'ssl:': MQTTS,
  'ws:': { port: 80, tls: false, webSocket: true },
  'wss:': { port: 443, tls: true, webSocket: true },
}
const URL_PATTERN = /^[a-z][a-z0-9+.-]*:\/\//i

/**
 * `broker` is what MQTT_BROKER says: it is connected to where nothing else is named, and a mere host takes its scheme,
 * port and path.
 *
 * @throws {SocketError} `EBADADDR`
 */
export function destinationOf(
  { host, port, path, on }: Target,
  broker: string | undefined,
  tlsAsked: boolean,
): Destination {
  if (on !== undefined) throw refuse('a client connects to a URL, a host, a port or a path')
  if (port !== undefined) return plain({ host: host!, port }, tlsAsked)
  if (path === undefined || path === '') {
    if (broker !== undefined) return fromUrl(broker)
    throw refuse('set MQTT_BROKER (130), or say where to connect')
  }
  if (URL_PATTERN.test(path)) return fromUrl(path)
  if (path.startsWith('/') || path.startsWith('./') || path.startsWith('\\\\'))
    return plain({ path }, tlsAsked)
  if (broker === undefined) return fromUrl(`${tlsAsked ? 'mqtts' : 'mqtt'}://${path}`)
  const url = parse(broker)
  const asked = parse(`mqtt://${path}`)
  url.hostname = asked.hostname
  if (asked.port !== '') url.port = asked.port
  return fromUrl(url.href)
}

function plain(target: Target, tls: boolean): Destination {
  return { target, tls, webSocket: undefined, username: undefined, password: undefined }
}

function fromUrl(text: string): Destination {
  const url = parse(text)
  const scheme = SCHEMES[url.protocol]
  if (!scheme) throw refuse(`${url.protocol} is no MQTT: a URL begins with mqtt, mqtts, ws or wss`)
  const { hostname, username, password } = url
  if (hostname === '') throw refuse(`${text} names no host`)
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : decodeURIComponent(hostname)
  const port = url.port === '' ? scheme.port : Number(url.port)
  const asked = `${scheme.tls ? 'wss' : 'ws'}://${hostname}:${port}${url.pathname || '/'}${url.search}`
  return {
    target: { host, port },
    tls: scheme.tls,
    webSocket: scheme.webSocket ? asked : undefined,
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
  }
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch {
    throw refuse(`${text} is neither a URL nor a host`)
  }
}

function refuse(message: string): SocketError {
  return new SocketError('EBADADDR', message, { op: 'connect' })
}
