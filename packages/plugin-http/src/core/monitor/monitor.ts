/**
 * What watches a listener: its access log, its metrics and its traces. Each is loaded when an option asks for it, and
 * costs nothing before.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { AnyOption } from '@unisock/kernel/plugin'
import { admittedOf } from '../apache/door.ts'
import type { ProtocolFailure } from '../server/client-errors.ts'
import type { HttpConnection } from '../server/connection.ts'
import type { HttpListener } from '../server/listener.ts'
import type { HttpResponse } from '../server/response.ts'
import type { AccessLog } from './access-log.ts'
import type { Metrics } from './metrics.ts'
import {
  type AccessLogFormat,
  type AccessLogSettings,
  HTTP_ACCESS_LOG,
  type MetricsSettings,
  MONITOR_METRICS_PATH,
  MONITOR_TRACE,
  type TraceSettings,
} from './options.ts'
import type { Tracing } from './tracing.ts'
import { Visit } from './visit.ts'

/** The client has left before it had an answer: nginx's number for that. */
const CLIENT_LEFT = 499

export class Monitor {
  readonly #listener: HttpListener
  #tracing: Tracing | undefined
  #log: AccessLog | undefined
  #metrics: Metrics | undefined
  /** Requests are watched. */
  #watches = false
  /** Resolves when what was set so far is in force, or was refused: files are opened and closed in turn. */
  #changes: Promise<void> = Promise.resolve()
  /** By connection. */
  readonly #visits = new Map<HttpConnection, Set<Visit>>()
  /** Resolves when what was set before a restart is in force. Undefined where nothing was. */
  readonly ready: Promise<unknown> | undefined

  constructor(listener: HttpListener) {
    this.#listener = listener
    const { socket } = listener
    const set = OPTIONS.filter(option => socket.option(option) !== false)
    const restoring = set.map(option => this.set(option).catch(error => void socket.error(error)))
    this.ready = restoring.length === 0 ? undefined : Promise.all(restoring)
  }

  static isOption(option: number): boolean {
    return (OPTIONS as readonly number[]).includes(option)
  }

  /** Takes one of its options over. @throws {SocketError} for a file that cannot be opened */
  set(option: number): Promise<void> {
    const change = this.#changeTo(option)
    const done = this.#changes.then(change)
    this.#changes = done.catch(() => {})
    return done
  }

  /** What is to be done for the value that an option has now. */
  #changeTo(option: number): () => Promise<void> {
    const { socket } = this.#listener
    if (option === HTTP_ACCESS_LOG) {
      const value = socket.option(HTTP_ACCESS_LOG)
      return () => this.#setLog(value)
    }
    if (option === MONITOR_METRICS_PATH) {
      const value = socket.option(MONITOR_METRICS_PATH)
      return () => this.#setMetrics(value)
    }
    const value = socket.option(MONITOR_TRACE)
    return () => this.#setTracing(value)
  }

  async #setLog(value: AccessLogFormat | AccessLogSettings | false): Promise<void> {
    const { AccessLog } = await import('./access-log.ts')
    const before = this.#log
    this.#log = value === false ? undefined : await AccessLog.open(value, this.#listener.socket)
    this.#setWatching()
    await before?.close()
  }

  async #setMetrics(value: string | MetricsSettings | false): Promise<void> {
    const { Metrics } = await import('./metrics.ts')
    if (value === false) {
      this.#metrics?.close()
      this.#metrics = undefined
    } else if (this.#metrics) this.#metrics.configure(value)
    else this.#metrics = new Metrics(this.#listener, value)
    this.#setWatching()
  }

  async #setTracing(value: boolean | TraceSettings): Promise<void> {
    const { Tracing } = await import('./tracing.ts')
    this.#tracing = value === false ? undefined : new Tracing(value === true ? {} : value)
  }

  #setWatching(): void {
    this.#watches = this.#log !== undefined || this.#metrics !== undefined
  }

  /** A connection begins. */
  connected(): void {
    this.#metrics?.connected()
  }

  /** A request has arrived. */
  arrived(connection: HttpConnection, request: IncomingMessage, response: HttpResponse): void {
    if (this.#watches) this.#watch(connection, request, response)
  }

  /** A request's turn has come. Its place in a trace follows from what is believed of its peer. */
  starts(connection: HttpConnection, request: IncomingMessage, response: HttpResponse): void {
    const { forwarders } = this.#listener.settings.door.settings
    this.#tracing?.identify(request, response, connection.addr, forwarders)
  }

  /** Answers a request for the metrics. */
  answers(request: IncomingMessage, response: HttpResponse, connection: HttpConnection): boolean {
    if (!this.#metrics?.isAskedFor(request.url!)) return false
    this.#metrics.answer(request, response, admittedOf(request)?.client ?? connection.addr)
    return true
  }

  /** A response has been sent. */
  answered(connection: HttpConnection, response: HttpResponse): void {
    if (!this.#watches && response.visit === undefined) return
    const visit = response.visit ?? this.#watch(connection, response.req, response)
    const visits = this.#visits.get(connection)
    if (visits?.delete(visit) && visits.size === 0) this.#visits.delete(connection)
    this.#tell(visit, response.statusCode, false)
  }

  /** What arrived was no request, and the client is told so. */
  refused(connection: HttpConnection, { status, code }: ProtocolFailure): void {
    if (!this.#watches) return
    this.#metrics?.refused(code)
    this.#log?.refused(connection.addr, status, code)
  }

  /** A request that wanted another protocol is refused. */
  refusedUpgrade(connection: HttpConnection, request: IncomingMessage, status: number): void {
    if (!this.#watches) return
    const visit = new Visit(request, undefined, connection.addr)
    this.#metrics?.began()
    this.#tell(visit, status, false)
  }

  /** A connection has ended, and with it whatever was due on it. */
  left(connection: HttpConnection): void {
    const visits = this.#visits.get(connection)
    if (!visits) return
    this.#visits.delete(connection)
    for (const visit of visits) {
      const { headersSent, statusCode } = visit.response!
      this.#tell(visit, headersSent ? statusCode : CLIENT_LEFT, true)
    }
  }

  /** Writes what is to be written yet. */
  async close(): Promise<void> {
    await this.#changes
    this.#metrics?.close()
    await this.#log?.close()
  }

  #watch(connection: HttpConnection, request: IncomingMessage, response: HttpResponse): Visit {
    const visit = new Visit(request, response, connection.addr)
    response.visit = visit
    const visits = this.#visits.get(connection)
    if (visits) visits.add(visit)
    else this.#visits.set(connection, new Set([visit]))
    this.#metrics?.began()
    return visit
  }

  #tell(visit: Visit, status: number, aborted: boolean): void {
    if (visit.response) visit.response.visit = undefined
    this.#metrics?.ended(visit, status, aborted)
    this.#log?.answered(visit, status, aborted)
  }
}

const OPTIONS: readonly AnyOption[] = [HTTP_ACCESS_LOG, MONITOR_METRICS_PATH, MONITOR_TRACE]
