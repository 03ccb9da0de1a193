/**
 * Proxies: which requests go through one, and tunnels (RFC 9110 section 9.3.6).
 * @module
 */
import type { Socket } from 'node:net'
import { SocketError } from '@unisock/kernel/plugin'
import type { HttpProxy } from '../options.ts'

const MAX_ANSWER = 16 * 1024

export interface ProxyServer {
  readonly url: URL
  /** For Proxy-Authorization (RFC 7617). */
  readonly authorization: string | undefined
  readonly bypass: readonly string[]
}

/** @throws {SocketError} `EINVAL` for a URL that is none */
export function readProxy(value: string | HttpProxy | undefined): ProxyServer | undefined {
  if (value === undefined) return undefined
  const { url: text, bypass = [], ...named } = typeof value === 'string' ? { url: value } : value
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new SocketError('EINVAL', 'HTTP_PROXY (223): its url is no URL', { op: 'setOption' })
  }
  const username = named.username ?? decodeURIComponent(url.username)
  const password = named.password ?? decodeURIComponent(url.password)
  url.username = ''
  url.password = ''
  const credentials = Buffer.from(`${username}:${password}`).toString('base64')
  const authorization = username === '' && password === '' ? undefined : `Basic ${credentials}`
  return { url, authorization, bypass: bypass.map(host => host.toLowerCase()) }
}

/** Whether a host is reached by way of the proxy. */
export function isProxied({ bypass }: ProxyServer, hostname: string, port: string): boolean {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return !bypass.some(entry => {
    if (entry === '*' || entry === host || entry === `${hostname}:${port}`) return true
    return host.endsWith(entry.startsWith('.') ? entry : `.${entry}`)
  })
}

/**
 * Asks a proxy for a tunnel; the socket is the other host's from then on.
 *
 * @throws {SocketError} `ECONNREFUSED` when the proxy opens none, `EACCES` when it wants credentials, `EPROTO`.
 */
export async function openTunnel(socket: Socket, authority: string, proxy: ProxyServer): Promise<void> {
  const credentials =
    proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`)
  const answer = await readAnswer(socket)
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(answer)?.[1])
  if (status >= 200 && status < 300) return
  if (Number.isNaN(status)) throw failure('EPROTO', 'the proxy does not speak HTTP')
  if (status === 407) throw failure('EACCES', 'the proxy wants other credentials (407)')
  throw failure('ECONNREFUSED', `the proxy opens no tunnel to ${authority} (${status})`)
}

function readAnswer(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let answer = ''
  const settle = (): void => {
    socket.off('data', read).off('error', reject).off('close', closed)
    socket.pause()
  }
  const read = (chunk: Buffer): void => {
    answer += chunk.toString('latin1')
    const end = answer.indexOf('\r\n\r\n')
    if (end < 0 && answer.length < MAX_ANSWER) return
    settle()
    // The other host has nothing to say before it is spoken to.
    if (end < 0 || end + 4 < answer.length) reject(failure('EPROTO', "the proxy's answer has no end"))
    else resolve(answer)
  }
  const closed = (): void => {
    settle()
    reject(failure('ECONNRESET', 'the proxy closed the connection'))
  }
  socket.on('data', read).on('error', reject).on('close', closed)
  return promise
}

function failure(code: 'EPROTO' | 'EACCES' | 'ECONNREFUSED' | 'ECONNRESET', reason: string): SocketError {
  return new SocketError(code, reason, { op: 'request' })
}
