/**
 * undici's agent of one client, as its options have it; loaded with the first request.
 * @module
 */
import type { Readable } from 'node:stream'
import {
  type PluginSocket,
  SO_KEEPALIVE,
  SO_MAX_CONNECTIONS,
  SO_NODELAY,
  type SocketError,
} from '@unisock/kernel/plugin'
import type { Agent } from 'undici'
import { CACHE_ENABLE } from '../../core/cache/options.ts'
import { HTTP2_ENABLE } from '../../core/http2/options.ts'
import {
  HTTP_CONNECT_TIMEOUT,
  HTTP_KEEP_ALIVE_TIMEOUT,
  HTTP_MAX_HEADER_SIZE,
  HTTP_READ_TIMEOUT,
} from '../../core/options.ts'
import { HTTP_PROXY } from '../options.ts'
import { type Base, partsOf } from './base.ts'
import { type ClientTlsPair, createConnector, readTls } from './connector.ts'
import { isProxied, type ProxyServer, readProxy } from './proxy.ts'
import type { Outgoing } from './redirect.ts'
import { type CacheAware, ClientCache } from './response-cache.ts'

/** Connections to one host, where SO_MAX_CONNECTIONS says nothing. */
const CONNECTIONS = 64
/** The longest delay a timer takes: what no limit is. */
const FOREVER = 2 ** 31 - 1

const limit = (ms: number): number => (ms === 0 ? FOREVER : ms)

/** What undici takes as a body. */
export type SentBody = string | Uint8Array | Readable | null

export class Dispatchers {
  readonly #socket: PluginSocket
  readonly #base: () => Base | undefined
  #agent: Agent | undefined
  /** What has passed through one agent: another may go by another proxy, or show another certificate. */
  #cache: ClientCache | undefined
  #loading: Promise<Agent> | undefined
  #proxy: ProxyServer | undefined
  #tls: ClientTlsPair | undefined
  #destroyed: SocketError | undefined

  constructor(socket: PluginSocket, base: () => Base | undefined) {
    this.#socket = socket
    this.#base = base
  }

  /** The agent, where it is there already. */
  get ready(): Agent | undefined {
    return this.#agent
  }

  load(): Promise<Agent> {
    this.#loading ??= this.#create().catch(error => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /** Options have changed: connections that are made from now on follow them; those in use finish what they do. */
  renew(): void {
    const agent = this.#agent
    this.#agent = undefined
    this.#loading = undefined
    this.#tls = undefined
    agent?.close().catch(() => {})
  }

  /** @throws {SocketError} as {@link readTls} and {@link readProxy} do */
  check(): void {
    readProxy(this.#socket.option(HTTP_PROXY))
    this.#tls = readTls(this.#socket)
  }

  /** Sends a request. What becomes of it the handler is told. */
  dispatch(agent: Agent, outgoing: Outgoing, body: SentBody, handler: CacheAware): void {
    const { method, url, headers } = outgoing
    const through = this.#cache?.takes(outgoing) ? this.#cache : agent
    const proxy = this.#proxy
    const silence = limit(this.#socket.option(HTTP_READ_TIMEOUT))
    const { origin, target } = partsOf(url)
    const options = { method, headers: [...headers], body, headersTimeout: silence, bodyTimeout: silence }
    if (proxy && url.protocol === 'http:' && isProxied(proxy, url.hostname, url.port || '80')) {
      if (!headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'host'))
        options.headers.push('Host', url.host)
      if (proxy.authorization !== undefined) options.headers.push('Proxy-Authorization', proxy.authorization)
      const path = `${origin}${target}`
      through.dispatch({ ...options, origin: proxy.url.origin, path, ...named(proxy.url) }, handler)
    } else through.dispatch({ ...options, origin, path: target, ...named(url) }, handler)
  }

  async destroy(error: SocketError): Promise<void> {
    this.#destroyed = error
    const agent = this.#agent
    this.#agent = undefined
    await agent?.destroy(error)
  }

  async #create(): Promise<Agent> {
    const socket = this.#socket
    const undici = await import('undici')
    if (this.#destroyed) throw this.#destroyed
    if (this.#agent) return this.#agent
    const proxy = readProxy(socket.option(HTTP_PROXY))
    const idle = limit(socket.option(HTTP_KEEP_ALIVE_TIMEOUT))
    this.#proxy = proxy
    this.#agent = new undici.Agent({
      connections: socket.option(SO_MAX_CONNECTIONS) || CONNECTIONS,
      pipelining: 1,
      allowH2: socket.option(HTTP2_ENABLE) !== false,
      h2Options: { useH2c: socket.option(HTTP2_ENABLE) === true },
      keepAliveTimeout: idle,
      keepAliveMaxTimeout: idle,
      maxHeaderSize: socket.option(HTTP_MAX_HEADER_SIZE),
      connect: createConnector({
        base: this.#base(),
        proxy,
        tls: () => (this.#tls ??= readTls(socket)),
        timeout: limit(socket.option(HTTP_CONNECT_TIMEOUT)),
        noDelay: socket.option(SO_NODELAY),
        keepAlive: socket.option(SO_KEEPALIVE),
        http2: socket.option(HTTP2_ENABLE) === true,
      }) as any,
    })
    this.#cache = socket.option(CACHE_ENABLE) ? new ClientCache(undici, this.#agent, socket) : undefined
    return this.#agent
  }
}

/** undici would take the name from the Host field, and a connection for each. */
function named({ protocol, hostname }: URL): { servername?: string } {
  return protocol === 'https:' ? { servername: hostname } : {}
}
