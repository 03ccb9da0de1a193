/**
 * Sends what is stored, compressed where the client takes it and it has been made.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { chooseCoding } from '../answer/accept-encoding.ts'
import { isRemade } from '../answer/filtering.ts'
import type { HttpListener } from '../server/listener.ts'
import type { HttpResponse } from '../server/response.ts'
import { isCompressible } from './coding.ts'
import { Compressor } from './compressor.ts'
import type { Holdings } from './holdings.ts'
import type { CacheEncoding } from './options.ts'
import { keepCoded, sendStored } from './sending.ts'
import type { StoredResponse } from './stored-response.ts'
import { isGoodOnFailure, wishesOf } from './verdict.ts'

export class Sender {
  readonly #listener: HttpListener
  readonly #holdings: Holdings
  #compressor: Compressor | undefined

  constructor(listener: HttpListener, holdings: Holdings) {
    this.#listener = listener
    this.#holdings = holdings
  }

  /** `status`: the parameters of Cache-Status (RFC 9211). */
  send(
    stored: StoredResponse,
    request: IncomingMessage,
    response: HttpResponse,
    status: string,
    now = this.#holdings.now(),
  ): void {
    const { draining, settings } = this.#listener
    if (draining) response.shouldKeepAlive = false
    const { codings } = this.#holdings.settings
    const remade = isRemade(response)
    const varies = codings !== undefined && !remade && isCompressible(stored, codings)
    const coding = varies
      ? chooseCoding(request.headers['accept-encoding'] as string, codings.encodings)
      : undefined
    const isReady = coding !== undefined && stored.forms.has(coding)
    const ready = isReady ? coding : undefined
    sendStored({ stored, request, response, now, status, varies, coding: ready, remade })
    if (coding && !isReady) this.#compress(stored, coding)
    const { socket } = request
    if (socket.writableLength > 0) socket.setTimeout(settings.answers.delay)
  }

  /** Whether what is stale may be sent because the program has failed. */
  maySendStale(stored: StoredResponse, { headers }: IncomingMessage): boolean {
    return isGoodOnFailure(stored, wishesOf(headers), this.#holdings.now())
  }

  sendStale(stored: StoredResponse, request: IncomingMessage, response: HttpResponse): void {
    this.#holdings.counts.stale++
    this.send(stored, request, response, 'hit; detail=stale-if-error')
  }

  /** The pool ends; another is made when there is work. */
  close(): void {
    this.#compressor?.close()
    this.#compressor = undefined
  }

  #compress(stored: StoredResponse, coding: CacheEncoding): void {
    const name = `${coding}, tried`
    if (stored.forms.has(name)) return
    stored.forms.set(name, true)
    this.#compressor ??= new Compressor(this.#holdings.settings.threads, error =>
      this.#listener.socket.log('warn', `a stored response could not be compressed: ${error.message}`),
    )
    void this.#compressor.compress(stored.parts.body, coding).then(body => {
      if (body) this.#holdings.storage.grow(stored, keepCoded(stored, coding, body))
    })
  }
}
