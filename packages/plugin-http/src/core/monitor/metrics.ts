/**
 * Counts of what a listener does, and the page that shows them.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Addr } from '@unisock/kernel/plugin'
import { TrustedPeers } from '../apache/peers.ts'
import { isHealthCheck } from '../server/health.ts'
import type { HttpListener } from '../server/listener.ts'
import { type HttpResponse, sendProblem, sendWorkerAnswer } from '../server/response.ts'
import { Exposition, OPEN_METRICS, PROMETHEUS, wantsOpenMetrics } from './exposition.ts'
import type { MetricsSettings } from './options.ts'
import { BUCKETS, SeriesByRoute } from './series.ts'
import type { Visit } from './visit.ts'
import { WorkerFacts } from './worker-facts.ts'

/** Why the worker has refused a request, by the status that it was told. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'late',
  413: 'too_large',
  414: 'too_large',
  415: 'media_type',
  417: 'expectation',
  429: 'rate_limit',
  431: 'too_large',
  503: 'unavailable',
}
/** The same of what was no request, by the parser's code; any other is `malformed`. */
const PARSER_REASONS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'late',
  HPE_HEADER_OVERFLOW: 'too_large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'too_large',
  FASTCGI_VARIABLES: 'too_large',
}

export class Metrics {
  readonly #listener: HttpListener
  #settings!: MetricsSettings
  #allowed: TrustedPeers | undefined
  readonly #series = new SeriesByRoute()
  readonly #refusals = new Map<string, number>()
  readonly #worker = new WorkerFacts()
  #inFlight = 0
  #aborted = 0
  #received = 0
  #sent = 0
  #connections = 0

  constructor(listener: HttpListener, value: string | MetricsSettings) {
    this.#listener = listener
    this.configure(value)
  }

  configure(value: string | MetricsSettings): void {
    this.#settings = typeof value === 'string' ? { path: value } : value
    const { allow } = this.#settings
    this.#allowed = allow && new TrustedPeers(allow)
  }

  connected(): void {
    this.#connections++
  }

  began(): void {
    this.#inFlight++
  }

  ended(visit: Visit, status: number, aborted: boolean): void {
    // What was under way when counting began was not counted then.
    if (this.#inFlight > 0) this.#inFlight--
    if (aborted) this.#aborted++
    else if (isWorkers(visit) && status >= 400) this.#refuse(REASONS[status] ?? 'other')
    this.#received += visit.received
    this.#sent += visit.bytes
    this.#series.of(visit.request.method!, visit.route ?? '').add(status, visit.duration / 1000)
  }

  /** What arrived was no request. */
  refused(code: string): void {
    this.#refuse(PARSER_REASONS[code] ?? 'malformed')
  }

  isAskedFor(uri: string): boolean {
    return isHealthCheck(uri, this.#settings.path)
  }

  answer(request: IncomingMessage, response: HttpResponse, client: Addr): void {
    if (response.visit) response.visit.route = this.#settings.path
    if (this.#allowed && !this.#allowed.has(client)) {
      sendProblem(response, 403)
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendProblem(response, 405, undefined, ['Allow', 'GET, HEAD'])
      return
    }
    const isOpen = wantsOpenMetrics(request.headers.accept)
    const type = isOpen ? OPEN_METRICS : PROMETHEUS
    sendWorkerAnswer(response, 200, ['Content-Type', type, 'Cache-Control', 'no-store'], this.#text(isOpen))
  }

  close(): void {
    this.#worker.close()
  }

  #refuse(reason: string): void {
    this.#refusals.set(reason, (this.#refusals.get(reason) ?? 0) + 1)
  }

  #text(isOpen: boolean): string {
    const text = new Exposition(isOpen, this.#settings.labels ?? {})
    this.#writeRequests(text)
    this.#writeConnections(text)
    this.#writeCache(text)
    this.#worker.write(text)
    return text.end()
  }

  #writeRequests(text: Exposition): void {
    text.counter('http_requests', 'Requests that were answered, or whose client has left.')
    for (const { method, route, statuses } of this.#series)
      for (let digit = 1; digit < statuses.length; digit++)
        if (statuses[digit]! > 0) text.sample(statuses[digit]!, { method, route, status: `${digit}xx` })
    text.histogram('http_request_duration_seconds', 'From the head of a request to the end of its response.')
    for (const { method, route, buckets, sum } of this.#series)
      text.buckets(BUCKETS, buckets, sum, { method, route })
    text
      .gauge('http_requests_in_flight', 'Requests that have arrived and are not answered.')
      .sample(this.#inFlight)
    text.counter('http_requests_aborted', 'Requests whose client has left before it had all of the answer.')
    text.sample(this.#aborted)
    text.counter('http_request_body_bytes', 'Bytes of request bodies.').sample(this.#received)
    text.counter('http_response_body_bytes', 'Bytes of response bodies.').sample(this.#sent)
    text.counter('http_refusals', 'Requests that were refused without the program.')
    for (const [reason, count] of this.#refusals) text.sample(count, { reason })
  }

  #writeConnections(text: Exposition): void {
    const { connections, exchanges } = this.#listener.load
    text.counter('http_connections', 'Connections that were accepted.').sample(this.#connections)
    text.gauge('http_connections_open', 'Connections that are open.').sample(connections)
    text.gauge('http_program_queue', 'Requests that the program has and has not answered.').sample(exchanges)
  }

  #writeCache(text: Exposition): void {
    const statistics = this.#listener.cache.statistics()
    const { entries, bytes, hit_rate: _ofTheReader, ...counts } = statistics
    for (const [name, count] of Object.entries(counts))
      text.counter(`http_cache_${name}`, CACHE_HELP[name as keyof typeof CACHE_HELP]).sample(count)
    text.gauge('http_cache_entries', 'Responses that are stored.').sample(entries)
    text.gauge('http_cache_bytes', 'Bytes of what is stored.').sample(bytes)
  }
}

/** Whether the answer was the worker's own: neither the program's nor one that it has given before. */
function isWorkers({ fd, cache }: Visit): boolean {
  return fd === undefined && cache === undefined
}

const CACHE_HELP = {
  hits: 'Answered from the cache.',
  misses: 'Handed to the program because nothing stored would do.',
  stale: 'Hits on what was stale.',
  collapsed: 'Answered with the response to another request for the same.',
  revalidations: 'Stored responses that the program said were still good.',
  bypasses: 'Handed to the program without a look.',
  stores: 'Responses that were stored.',
  evictions: 'Stored responses dropped for want of room.',
  invalidations: 'Stored responses dropped because of a pattern or of an unsafe request.',
} as const
