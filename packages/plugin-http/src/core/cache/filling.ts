/**
 * A GET on its way to the program, whose answer may be stored.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { assemble } from '../server/head.ts'
import { type HttpResponse, TYPES } from '../server/response.ts'
import type { BodyKind } from '../wire.ts'
import type { Holdings } from './holdings.ts'
import type { CachePart } from './part.ts'
import type { Flight, News, Pending } from './pending.ts'
import type { Sender } from './sender.ts'
import type { StoredResponse } from './stored-response.ts'

export interface FillingOptions {
  readonly holdings: Holdings
  readonly sender: Sender
  readonly request: IncomingMessage
  /** Undefined where the client has had its answer. */
  readonly response: HttpResponse | undefined
  readonly pending: Pending
  /** Those who wait for it, under the name they find it by. */
  readonly flight: { readonly name: string; readonly flight: Flight } | undefined
  /** What the program is asked about: whether it is still good. */
  readonly stored: StoredResponse | undefined
}

interface Recording {
  readonly status: number
  readonly fields: readonly string[]
  readonly chunks: Buffer[]
  size: number
}

/** Statuses at which a stale response is better than none (RFC 5861 section 4). */
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504])

export class Filling implements CachePart {
  readonly request: IncomingMessage
  readonly pending: Pending
  readonly stored: StoredResponse | undefined
  /** Milliseconds since 1970. */
  readonly requestedAt: number
  readonly #holdings: Holdings
  readonly #sender: Sender
  readonly #response: HttpResponse | undefined
  readonly #flight: FillingOptions['flight']
  readonly #invalidations: number
  #recording: Recording | undefined
  #over = false

  constructor({ holdings, sender, request, response, pending, flight, stored }: FillingOptions) {
    this.#holdings = holdings
    this.#sender = sender
    this.request = request
    this.#response = response
    this.pending = pending
    this.#flight = flight
    this.stored = stored
    this.requestedAt = holdings.now()
    this.#invalidations = pending.invalidations
    pending.active++
  }

  get isWaiting(): boolean {
    return !this.#over
  }

  get inBackground(): boolean {
    return this.#response === undefined
  }

  /** What is stored was invalidated since the program was asked: its answer may be from before. */
  get isOutdated(): boolean {
    return this.pending.invalidations !== this.#invalidations
  }

  answer(
    status: number,
    own: readonly string[] | null,
    body: string | Uint8Array | null,
    kind: BodyKind,
    defaults: readonly string[],
  ): boolean {
    if (this.#over) return false
    if (FAILURES.has(status) && this.#sendStale()) return true
    const stored = this.#holdings.judge(this, status, fieldsOf(own, defaults, body, kind), toBuffer(body))
    if (!stored) {
      this.#settle('ask', status < 500)
      return false
    }
    this.#send(stored, status)
    this.#settle(this.#holdings.keep(this, stored) && !stored.noCache ? { stored } : 'ask')
    return true
  }

  head(status: number, own: readonly string[] | null, kind: BodyKind, defaults: readonly string[]): void {
    if (this.#over) return
    // Others do not wait for a stream: it may never end, and goes at the pace of the client it is for.
    this.#land('ask')
    const fields = fieldsOf(own, defaults, '-', kind)
    if (this.#holdings.mayRecord(this, status, fields))
      this.#recording = { status, fields, chunks: [], size: 0 }
    else this.#settle('ask', status < 500)
  }

  chunk(data: string | Uint8Array): void {
    const recording = this.#recording
    if (!recording) return
    const chunk = Buffer.from(data as Uint8Array)
    recording.size += chunk.length
    if (recording.size <= this.#holdings.settings.maxSize) recording.chunks.push(chunk)
    else this.abandon()
  }

  end(): void {
    const recording = this.#recording
    if (!recording || this.#over) return
    const { status, fields, chunks } = recording
    const stored = this.#holdings.judge(this, status, fields, Buffer.concat(chunks))
    if (stored) this.#holdings.keep(this, stored)
    this.#settle('ask', stored === undefined && status < 500)
  }

  instead(): boolean {
    if (this.#over) return false
    if (this.#sendStale()) return true
    this.#settle('ask')
    return false
  }

  abandon(): void {
    this.#settle('retry')
  }

  /** False: nothing stale is stored, or it may not be sent even though the program has failed. */
  #sendStale(): boolean {
    const { stored } = this
    if (!stored || !this.#sender.maySendStale(stored, this.request)) return false
    if (this.#response) this.#sender.sendStale(stored, this.request, this.#response)
    this.#settle({ stored })
    return true
  }

  #send(stored: StoredResponse, status: number): void {
    if (!this.#response) return
    const why = this.stored ? `fwd=stale; fwd-status=${status}` : 'fwd=miss'
    this.#sender.send(stored, this.request, this.#response, status === 304 ? why : `${why}; stored`)
  }

  #settle(news: News, isUnstorable = false): void {
    if (this.#over) return
    this.#over = true
    this.#recording = undefined
    this.#holdings.leave(this, isUnstorable)
    this.#land(news)
  }

  #land(news: News): void {
    if (!this.#flight) return
    const { flight, name } = this.#flight
    const { flights } = this.pending
    if (flights.get(name) === flight) flights.delete(name)
    flight.land(news)
  }
}

/** As they are sent, without the length. */
function fieldsOf(
  own: readonly string[] | null,
  defaults: readonly string[],
  body: string | Uint8Array | null,
  kind: BodyKind,
): string[] {
  const { fields, hasType } = assemble(own, defaults, false, true)
  if (!hasType && body !== null && body.length > 0) fields.push('Content-Type', TYPES[kind])
  return fields
}

/** Memory of its own: what has arrived is a view on a batch of frames. */
function toBuffer(body: string | Uint8Array | null): Buffer {
  return body === null ? Buffer.alloc(0) : Buffer.from(body as Uint8Array)
}
