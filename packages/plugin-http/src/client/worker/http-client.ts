/**
 * An HTTP client: the driver of its fd.
 * @module
 */
import { isIPv6 } from 'node:net'
import {
  type Addr,
  type CloseOptions,
  type Driver,
  type PluginSocket,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MAX_CONNECTIONS,
  SO_NODELAY,
  SO_TLS_SNI_HOSTNAME,
  SO_TLS_VERIFY_PEER,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { CACHE_METHODS } from '../../core/cache/options.ts'
import { HTTP2_ENABLE } from '../../core/http2/options.ts'
import { spanId } from '../../core/monitor/ids.ts'
import { HTTP_CONNECT_TIMEOUT, HTTP_KEEP_ALIVE_TIMEOUT, HTTP_MAX_HEADER_SIZE } from '../../core/options.ts'
import { HTTP_PROXY, HTTP_URL } from '../options.ts'
import { renewSpan } from '../trace.ts'
import {
  ASK,
  type AskWire,
  FOLLOW,
  type FromClientWire,
  TELL,
  type TellWire,
  type ToClientWire,
  TRACED,
  WHOLE,
} from '../wire.ts'
import { type Base, baseOf, resolveUrl } from './base.ts'
import { Dispatchers, type SentBody } from './dispatchers.ts'
import { Exchange, type ExchangeClient } from './exchange.ts'
import type { Outgoing } from './redirect.ts'
import { RequestHeaders } from './request-headers.ts'
import { RequestSettings } from './request-settings.ts'
import { CACHE_OPTIONS, type CacheAware, checkCacheMethods } from './response-cache.ts'

/** Requests without a response, beyond which `write` returns false. */
const MANY = 256
/** Programs ask for few URLs, again and again. */
const MAX_URLS = 256
/** Large bodies are handed over. */
const TRANSFER = { transfer: true } as const
/** The row by which a restarted worker knows that there may have been requests. */
const USED = 'used'

/** What connections are made by. */
const CONNECTION_OPTIONS: ReadonlySet<number> = new Set([
  HTTP_CONNECT_TIMEOUT,
  HTTP_KEEP_ALIVE_TIMEOUT,
  HTTP_MAX_HEADER_SIZE,
  HTTP_PROXY,
  HTTP2_ENABLE,
  SO_KEEPALIVE,
  SO_MAX_CONNECTIONS,
  SO_NODELAY,
  ...CACHE_OPTIONS,
])

function isTls(option: number): boolean {
  return option === SO_TLS_VERIFY_PEER || option === SO_TLS_SNI_HOSTNAME || (option >= 320 && option <= 339)
}

export class HttpClient implements Driver, ExchangeClient {
  protected readonly socket: PluginSocket
  readonly #secure: boolean
  readonly #dispatchers: Dispatchers
  readonly #headers: RequestHeaders
  readonly #settings: RequestSettings
  readonly #exchanges = new Map<number, Exchange>()
  #base: Base | undefined
  /** What HTTP_URL names, where `connect` named nothing. */
  #standing: Base | undefined
  /** URLs by what requests have written. */
  readonly #urls = new Map<string, URL>()
  #full = false
  #ending = false
  #closing = false
  #idle: (() => void)[] = []

  /**
   * @param secure All that is asked is asked over TLS.
   * @param accept Media types that are asked for where a request does not say.
   */
  constructor(socket: PluginSocket, secure: boolean, accept = '*/*') {
    this.socket = socket
    this.#secure = secure
    this.#headers = new RequestHeaders(socket, accept)
    this.#settings = new RequestSettings(socket)
    this.#dispatchers = new Dispatchers(socket, () => this.base)
    if (socket.kept.has(USED)) socket.emit([TELL.RESTARTED])
    else socket.keep(USED, true)
  }

  /** What requests are relative to; undefined while nothing says. */
  protected get base(): Base | undefined {
    if (this.#base) return this.#base
    const url = this.standingUrl
    if (url === undefined) return undefined
    this.#standing ??= baseOf({}, url, this.#secure)
    return this.#standing
  }

  /** What `connect` without a target names. */
  protected get standingUrl(): string | undefined {
    return this.socket.option(HTTP_URL) as string | undefined
  }

  /** Opens no connection: that is for the first request. @throws {SocketError} `EBADADDR`, `EINVAL` */
  connect(to: Target): Addr | Promise<Addr> {
    if (to.on !== undefined) throw new SocketError('EBADADDR', 'a client connects to a URL, a port or a path')
    const base = baseOf(to, this.standingUrl, this.#secure)
    this.#base = base
    this.#urls.clear()
    this.#dispatchers.renew()
    this.#dispatchers.check()
    const { hostname, port, protocol } = base.url
    if (base.socketPath !== undefined) return { address: base.socketPath, port: 0, family: 'local' }
    const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
    const standard = protocol === 'https:' ? 443 : 80
    return {
      address,
      port: port === '' ? standard : Number(port),
      family: isIPv6(address) ? 'IPv6' : 'IPv4',
    }
  }

  write(wire: ToClientWire): boolean {
    switch (wire[0]) {
      case ASK.REQUEST:
        return this.#begin(wire)
      case ASK.CHUNK:
        this.#exchanges.get(wire[1])?.chunk(wire[2])
        return true
      case ASK.CANCEL:
        this.#exchanges.get(wire[1])?.cancel()
        return true
      case ASK.GRANT:
        this.#exchanges.get(wire[1])?.grant(wire[2])
        return true
    }
  }

  resume(): void {
    for (const exchange of this.#exchanges.values()) exchange.resume()
  }

  /** Answers what was asked, then ends the fd. */
  end(): void {
    this.#ending = true
    if (this.#exchanges.size === 0) this.#ended()
  }

  setOption(option: number, _value?: unknown): void | Promise<void> {
    this.#headers.renew()
    this.#settings.renew()
    if (option === HTTP_URL) this.restand()
    if (option === CACHE_METHODS) checkCacheMethods(this.socket.option(CACHE_METHODS))
    if (option === HTTP_PROXY || isTls(option)) this.#dispatchers.check()
    if (isTls(option) || CONNECTION_OPTIONS.has(option)) this.#dispatchers.renew()
  }

  /** {@link standingUrl} has changed. @throws {SocketError} for one that is none */
  protected restand(): void {
    const url = this.standingUrl
    this.#standing = url === undefined ? undefined : baseOf({}, url, this.#secure)
    this.#urls.clear()
    this.#dispatchers.renew()
  }

  async drain(): Promise<void> {
    await this.#settled()
  }

  inspect(): unknown {
    return { url: this.base?.url.href, requests: this.#exchanges.size }
  }

  async close({ abort }: CloseOptions): Promise<void> {
    this.#closing = true
    for (const exchange of this.#exchanges.values()) if (abort || exchange.begun) exchange.cancel()
    if (!abort) await this.#lingered()
    for (const exchange of this.#exchanges.values()) exchange.cancel()
    await this.#dispatchers.destroy(new SocketError('ECANCELED', 'the client was closed'))
  }

  // ---- for exchanges

  outgoing(ask: AskWire): Outgoing | Promise<Outgoing> {
    const [, , method, url, headers, body, contentType] = ask
    return this.toOutgoing(method!, this.resolve(url), headers, body, contentType)
  }

  /** Where a request goes. @throws {SocketError} as {@link resolveUrl} does */
  protected resolve(url: string): URL {
    const known = this.#urls.get(url)
    if (known) return known
    const resolved = resolveUrl(url, this.base, this.#secure)
    if (this.#urls.size >= MAX_URLS) this.#urls.clear()
    this.#urls.set(url, resolved)
    return resolved
  }

  /** Gets something for the client itself. @throws {SocketError} */
  protected fetch(url: URL, maxBodySize: number): Promise<TellWire> {
    const ask: AskWire = [
      ASK.REQUEST,
      0,
      'GET',
      url.href,
      null,
      null,
      null,
      FOLLOW | WHOLE,
      null,
      maxBodySize,
    ]
    return new Promise((resolve, reject) => {
      const exchange = new Exchange(
        {
          outgoing: () => this.toOutgoing('GET', url, null, null, null),
          send: (outgoing, body, handler) => this.send(outgoing, body, handler),
          allow: target => this.allow(target),
          respond: wire => wire,
          over: () => {},
          emit(wire: FromClientWire) {
            if (wire[0] === TELL.RESPONSE) resolve(wire)
            else if (wire[0] === TELL.FAILED) reject(new SocketError(wire[2], wire[3], { op: 'request' }))
            return true
          },
        },
        ask,
        this.#settings.of(ask),
      )
      exchange.start()
    })
  }

  /** Puts in what the request leaves to HTTP_METHOD and HTTP_BODY, which is for methods that define a meaning for a body. */
  protected complete(ask: AskWire): void {
    this.#settings.complete(ask)
  }

  /** A request with the header fields that the options and the body ask for. */
  protected toOutgoing(
    method: string,
    url: URL,
    own: readonly string[] | null,
    body: AskWire[5],
    contentType: string | null,
  ): Outgoing {
    return { method, url, body, ...this.#headers.complete(own, body === null ? null : contentType) }
  }

  send(outgoing: Outgoing, body: SentBody, handler: CacheAware): void {
    const { ready } = this.#dispatchers
    if (ready) return this.#dispatchers.dispatch(ready, outgoing, body, handler)
    this.#dispatchers
      .load()
      .then(agent => this.#dispatchers.dispatch(agent, outgoing, body, handler))
      .catch(error => handler.onResponseError?.(undefined as never, error))
  }

  allow(url: URL): void {
    if (this.#secure && url.protocol !== 'https:')
      throw new SocketError('ESECURITY', `a redirect leads to ${url.origin}, which is not over TLS`)
  }

  emit(wire: unknown, transfer = false): boolean {
    return this.#closing || this.socket.emit(wire, transfer ? TRANSFER : undefined)
  }

  respond(wire: TellWire, _ask: AskWire): TellWire {
    return wire
  }

  over(id: number): void {
    this.#exchanges.delete(id)
    if (this.#full && this.#exchanges.size < MANY) {
      this.#full = false
      this.socket.drained()
    }
    if (this.#exchanges.size > 0) return
    for (const resolve of this.#idle.splice(0)) resolve()
    if (this.#ending) this.#ended()
  }

  #begin(ask: AskWire): boolean {
    if ((ask[7] & TRACED) !== 0) renewSpan(ask[4]!, spanId())
    this.complete(ask)
    const exchange = new Exchange(this, ask, this.#settings.of(ask))
    this.#exchanges.set(exchange.id, exchange)
    exchange.start()
    this.#full = this.#exchanges.size >= MANY
    return !this.#full
  }

  #ended(): void {
    this.socket.close()
    void this.close({ abort: true })
  }

  #settled(): Promise<void> {
    if (this.#exchanges.size === 0) return Promise.resolve()
    return new Promise(resolve => this.#idle.push(resolve))
  }

  /** Requests that were written before the close are made, within SO_LINGER. */
  async #lingered(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.socket.option(SO_LINGER) * 1000)
    await Promise.race([this.#settled(), promise])
    clearTimeout(timer)
  }
}
