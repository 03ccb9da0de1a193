/**
 * The response cache of one listener (RFC 9111): what is asked again is answered here.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { hasBody } from '../server/body.ts'
import type { HttpListener } from '../server/listener.ts'
import { type HttpResponse, sendProblem } from '../server/response.ts'
import { withConditions } from './conditions.ts'
import { Filling } from './filling.ts'
import { Holdings } from './holdings.ts'
import { HeadCheck, Invalidation } from './invalidation.ts'
import type { CacheMethod, CacheStatistics } from './options.ts'
import { Flight, type News } from './pending.ts'
import { Sender } from './sender.ts'
import { isMeantFor } from './storable.ts'
import type { StoredResponse } from './stored-response.ts'
import { verdictOn, wishesOf } from './verdict.ts'

/** Methods that change nothing (RFC 9110 section 9.2.1, and the registry's). */
const SAFE: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'QUERY',
  'REPORT',
  'SEARCH',
  'TRACE',
])

/** What a Host may be made of: anything else might make one key look like another. */
const HOST = /^[\w.\-:[\]]*$/

export class ResponseCache {
  readonly #listener: HttpListener
  readonly #holdings: Holdings
  readonly #sender: Sender

  constructor(listener: HttpListener) {
    this.#listener = listener
    this.#holdings = new Holdings(listener)
    this.#sender = new Sender(listener, this.#holdings)
  }

  /** Takes the options over. */
  refresh(): void {
    const { threads } = this.#holdings.settings
    this.#holdings.refresh()
    if (threads !== this.#holdings.settings.threads) this.#sender.close()
  }

  statistics(): CacheStatistics {
    return this.#holdings.statistics()
  }

  /** Drops what matches: targets where the pattern begins with `/`, else keys. */
  invalidate(pattern: string): Promise<void> {
    return this.#holdings.invalidate(pattern)
  }

  close(): void {
    this.#holdings.close()
    this.#sender.close()
  }

  /**
   * Answers a request, or has it wait for the answer to another: true. False: it is for the caller to hand it to the
   * program now. `forward` does that too, where it turns out later that it must be: at once, if at all, when what was
   * sent is stale.
   */
  serve(request: IncomingMessage, response: HttpResponse, forward: () => void): boolean {
    if (!this.#holdings.settings.enabled) return false
    const method = request.method!
    if (!SAFE.has(method)) {
      response.cachePart = new Invalidation(this.#holdings, request)
      return false
    }
    if (!this.#isLookedUp(request)) {
      this.#holdings.counts.bypasses++
      return false
    }
    const { headers } = request
    const key = this.#holdings.keyOf(request, request.url!)
    const found = this.#holdings.storage.find(key, headers)
    const requester = this.#holdings.requesterOf(request)
    const stored = found && isMeantFor(found, requester) ? found : undefined
    const wishes = wishesOf(headers)
    const now = this.#holdings.now()
    const verdict = stored ? verdictOn(stored, wishes, now) : 'ask'
    if (stored && verdict !== 'ask') {
      this.#hit(stored, request, response, now, verdict !== 'fresh')
      if (verdict === 'renew' && method === 'GET') this.#renew(key, stored, request, response, forward)
      return true
    }
    this.#holdings.counts.misses++
    if (wishes?.has('only-if-cached')) {
      // RFC 9111 section 5.2.1.7.
      sendProblem(response, 504, 'Nothing that is stored will do.')
      return true
    }
    if (method === 'HEAD') {
      if (stored) response.cachePart = new HeadCheck(this.#holdings, request, stored)
      return false
    }
    if (headers.range !== undefined || wishes?.has('no-store')) return false
    const isAlone = requester.isIdentified || wishes !== undefined || stored?.noCache === true
    return this.#ask(key, stored, request, response, forward, isAlone)
  }

  #hit(
    stored: StoredResponse,
    request: IncomingMessage,
    response: HttpResponse,
    now: number,
    isStale: boolean,
  ): void {
    this.#holdings.counts.hits++
    if (isStale) this.#holdings.counts.stale++
    this.#sender.send(stored, request, response, 'hit', now)
  }

  /** What is answered from the cache at all. The body of a GET means nothing, and is in no key. */
  #isLookedUp(request: IncomingMessage): boolean {
    const { headers, method, url = '' } = request
    return (
      this.#holdings.settings.methods.has(method as CacheMethod) &&
      headers['if-match'] === undefined &&
      headers['if-unmodified-since'] === undefined &&
      !hasBody(request) &&
      HOST.test(headers.host ?? '') &&
      !this.#holdings.settings.excludes(url)
    )
  }

  #ask(
    key: string,
    stored: StoredResponse | undefined,
    request: IncomingMessage,
    response: HttpResponse,
    forward: () => void,
    isAlone: boolean,
  ): boolean {
    if (isAlone || (!stored && this.#holdings.storage.passes(key))) {
      this.#fill(key, request, response, stored, undefined)
      return false
    }
    const name = this.#holdings.flightName(key, request)
    const flight = this.#holdings.pending.get(key)?.flights.get(name)
    if (flight) {
      flight.join(news => this.#hear(news, request, response, forward))
      return true
    }
    const filling = this.#fill(key, request, response, stored, { name, flight: new Flight() })
    if (!this.#holdings.shared || this.#holdings.storage.at(key)) return false
    void this.#lookFurther(filling, response, forward)
    return true
  }

  /** Makes the exchange one that fills the cache. What is stored is asked about, instead of what the client has. */
  #fill(
    key: string,
    request: IncomingMessage,
    response: HttpResponse,
    stored: StoredResponse | undefined,
    flight: { name: string; flight: Flight } | undefined,
    inBackground = false,
  ): Filling {
    const pending = this.#holdings.pendingAt(key, request.url!)
    if (flight) pending.flights.set(flight.name, flight.flight)
    const filling = new Filling({
      holdings: this.#holdings,
      sender: this.#sender,
      request,
      response: inBackground ? undefined : response,
      pending,
      flight,
      stored,
    })
    if (flight || stored) request.rawHeaders = withConditions(request.rawHeaders, stored)
    response.cachePart = filling
    return filling
  }

  #renew(
    key: string,
    stored: StoredResponse,
    request: IncomingMessage,
    response: HttpResponse,
    forward: () => void,
  ): void {
    const name = this.#holdings.flightName(key, request)
    if (this.#listener.draining || this.#holdings.pending.get(key)?.flights.has(name)) return
    this.#fill(key, request, response, stored, { name, flight: new Flight() }, true)
    forward()
  }

  /** The answer that a request has waited for. */
  #hear(news: News, request: IncomingMessage, response: HttpResponse, forward: () => void): void {
    if (request.socket.destroyed) return
    if (
      typeof news === 'object' &&
      news.stored.isSelectedBy(request.headers) &&
      isMeantFor(news.stored, this.#holdings.requesterOf(request))
    ) {
      this.#holdings.counts.misses--
      this.#holdings.counts.collapsed++
      this.#sender.send(news.stored, request, response, 'hit; collapsed')
    } else if (news === 'ask') {
      this.#fill(this.#holdings.keyOf(request, request.url!), request, response, undefined, undefined)
      forward()
    } else {
      this.#holdings.counts.misses--
      if (!this.serve(request, response, forward)) forward()
    }
  }

  /** Takes over what other workers, or this one before a restart, have stored. */
  async #lookFurther(filling: Filling, response: HttpResponse, forward: () => void): Promise<void> {
    const { request, pending } = filling
    const { key } = pending
    const found = await this.#holdings.shared!.load(key, this.#holdings.settings)
    if (request.socket.destroyed) {
      filling.abandon()
      return
    }
    if (found && !filling.isOutdated && !this.#holdings.storage.at(key))
      for (const stored of found.variants.toReversed()) this.#holdings.storage.add(key, found.uri, stored)
    if (!this.#holdings.storage.at(key)) {
      forward()
      return
    }
    response.cachePart = undefined
    filling.abandon()
    this.#holdings.counts.misses--
    if (!this.serve(request, response, forward)) forward()
  }
}
