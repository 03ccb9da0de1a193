/**
 * One time that a request is sent: what undici tells of it.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { Dispatcher } from 'undici'
import type { Delivery } from './delivery.ts'
import { type Asked, type CacheAware, isFromCache } from './response-cache.ts'

/** Of a response that is not handed on so much is read, so that its connection can be used again. */
const MAX_DISCARDED = 64 * 1024

/** Header fields by lower-case name. */
export type FieldLines = Record<string, string | string[] | undefined>

/** Whose attempt it is. */
export interface Attempted {
  /** What is done with a response; undefined: it is handed on. @throws {SocketError} for a redirect that must not be */
  decide(status: number, headers: FieldLines): (() => void) | undefined
  /** Takes a response over. */
  deliver(
    controller: Dispatcher.DispatchController,
    status: number,
    reason: string,
    headers: FieldLines,
    fromCache: boolean,
  ): Delivery
  /** Nothing of a response has crossed. */
  failed(error: Error): void
}

/** One time that a request is sent. */
export class Attempt implements CacheAware {
  readonly #exchange: Attempted
  #controller: Dispatcher.DispatchController | undefined
  #aborted: Error | undefined
  /** What follows a response that is not handed on. */
  #next: (() => void) | undefined
  #discarded = 0
  #over = false
  delivery: Delivery | undefined
  asked: Asked | undefined

  constructor(exchange: Attempted) {
    this.#exchange = exchange
  }

  /** What comes of it is of no interest any more. */
  abort(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#aborted = error
    this.delivery?.stop()
    this.#controller?.abort(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#aborted) controller.abort(this.#aborted)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: FieldLines,
    reason = '',
  ): void {
    if (status < 200 || this.#over) return
    this.#next = this.#exchange.decide(status, headers)
    if (this.#next) return
    const fromCache = isFromCache(this.asked, status, headers.age)
    this.delivery = this.#exchange.deliver(controller, status, reason, headers, fromCache)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    if (!this.#next) return this.delivery?.write(chunk)
    this.#discarded += chunk.length
    if (this.#discarded > MAX_DISCARDED) {
      this.#goOn()
      controller.abort(new SocketError('ECANCELED', 'a response that nobody reads'))
    }
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#over) return
    if (this.#next) return this.#goOn()
    this.#over = true
    this.delivery?.finish(joined(controller.rawTrailers as RawFields))
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return
    if (this.#next) return this.#goOn()
    this.#over = true
    if (this.delivery) this.delivery.fail(error)
    else this.#exchange.failed(error)
  }

  #goOn(): void {
    this.#over = true
    this.#next!()
  }
}

/** Fields as undici gives them: bytes, names and values in turn; by name where they came by HTTP/2. */
export type RawFields = readonly Buffer[] | FieldLines | null | undefined

/** Names and values in turn, on lines of their own. */
export function joined(raw: RawFields): string {
  if (!raw) return ''
  if (!isPairs(raw)) return joinedByName(raw)
  if (raw.length === 0) return ''
  let text = raw[0]!.toString('latin1')
  for (let i = 1; i < raw.length; i++) text += `\n${raw[i]!.toString('latin1')}`
  return text
}

function isPairs(raw: readonly Buffer[] | FieldLines): raw is readonly Buffer[] {
  return Array.isArray(raw)
}

function joinedByName(fields: FieldLines): string {
  const lines: string[] = []
  for (const [name, value] of Object.entries(fields))
    if (Array.isArray(value)) for (const line of value) lines.push(name, line)
    else if (value !== undefined) lines.push(name, value)
  return lines.join('\n')
}
