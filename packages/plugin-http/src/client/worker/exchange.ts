/**
 * One request of the program's through its redirects and retries, to its response or failure.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { Dispatcher } from 'undici'
import type { HttpRetry } from '../options.ts'
import { type AskWire, type FailedWire, type FromClientWire, TELL, type TellWire } from '../wire.ts'
import { Attempt, type Attempted, type FieldLines, joined, type RawFields } from './attempt.ts'
import { partsOf } from './base.ts'
import { codingsOf } from './decoding.ts'
import { Delivery } from './delivery.ts'
import type { SentBody } from './dispatchers.ts'
import { requestFailure } from './failure.ts'
import { isRedirect, type Outgoing, redirected } from './redirect.ts'
import type { CacheAware } from './response-cache.ts'
import { delayAfterFailure, delayAfterStatus } from './retry.ts'
import { UploadStream } from './upload-stream.ts'

/** The options in force when a request is made. */
export interface ExchangeSettings {
  /** Milliseconds until the response must be there; 0: no limit. */
  readonly timeout: number
  /** The response's body is handed on as it comes. */
  readonly streamed: boolean
  readonly maxRedirects: number
  readonly follow: boolean
  /** Redirects may leave TLS. */
  readonly insecure: boolean
  readonly retry: Required<HttpRetry>
  /** Bytes of the decoded body. */
  readonly maxBodySize: number
}

/** What an exchange needs of its client. */
export interface ExchangeClient {
  /** The request in the form in which it is sent. @throws what is wrong with it */
  outgoing(ask: AskWire): Outgoing | Promise<Outgoing>
  send(outgoing: Outgoing, body: SentBody, handler: CacheAware): void
  /** A redirect leads there. @throws {SocketError} where it must not */
  allow(url: URL): void
  emit(wire: FromClientWire, transfer?: boolean): boolean
  /** What crosses for a whole response. */
  respond(wire: TellWire, ask: AskWire): TellWire
  over(id: number): void
}

export class Exchange implements Attempted {
  readonly id: number
  readonly #client: ExchangeClient
  readonly #ask: AskWire
  readonly #settings: ExchangeSettings
  readonly #upload: UploadStream | undefined
  #outgoing: Outgoing | undefined
  #attempt: Attempt | undefined
  #tried = 0
  #redirects = 0
  #timer: NodeJS.Timeout | undefined
  #retry: NodeJS.Timeout | undefined
  #over = false

  constructor(client: ExchangeClient, ask: AskWire, settings: ExchangeSettings) {
    this.id = ask[1]
    this.#client = client
    this.#ask = ask
    this.#settings = settings
    if (ask[5] === true)
      this.#upload = new UploadStream(bytes => void client.emit([TELL.GRANT, this.id, bytes]))
  }

  /** True once a part of the response has crossed. */
  get begun(): boolean {
    return this.#attempt?.delivery?.streamed === true
  }

  start(): void {
    const { timeout } = this.#settings
    if (timeout > 0) this.#timer = setTimeout(() => this.#late(timeout), timeout)
    try {
      const outgoing = this.#client.outgoing(this.#ask)
      if (outgoing instanceof Promise)
        outgoing.then(
          ready => this.#send(ready),
          error => this.fail(error),
        )
      else this.#send(outgoing)
    } catch (error) {
      this.fail(error)
    }
  }

  /** A part of the request's body. */
  chunk(data: Uint8Array | null): void {
    this.#upload?.deliver(data)
  }

  grant(bytes: number): void {
    this.#attempt?.delivery?.grant(bytes)
  }

  resume(): void {
    this.#attempt?.delivery?.resume()
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    if (this.#finish()) this.#attempt?.abort(new SocketError('ECANCELED', 'the request was cancelled'))
  }

  fail(thrown: unknown): void {
    if (this.#over) return
    const { code, message, category, retryable, details } = requestFailure(thrown)
    const wire: FailedWire = [TELL.FAILED, this.id, code, message, category, retryable, this.#about(details)]
    this.#client.emit(wire)
    this.cancel()
  }

  #about(details: object | undefined): Record<string, unknown> {
    const { method, url } = this.#outgoing ?? { method: this.#ask[2], url: this.#ask[3] }
    return { method, url: typeof url === 'string' ? url : url.href, ...details }
  }

  #late(timeout: number): void {
    this.fail(new SocketError('ETIMEDOUT', `no response within ${timeout} ms`, { op: 'request' }))
  }

  #send(outgoing: Outgoing): void {
    if (this.#over) return
    this.#outgoing = outgoing
    const { body } = outgoing
    const attempt = new Attempt(this)
    this.#attempt = attempt
    try {
      this.#client.send(outgoing, body === true ? this.#upload! : body, attempt)
    } catch (error) {
      this.fail(error)
    }
  }

  #again(delay: number): void {
    this.#tried++
    this.#retry = setTimeout(() => this.#send(this.#outgoing!), delay)
  }

  /** What is done with a response; undefined: it is handed on. @throws {SocketError} for a redirect that must not be */
  decide(status: number, headers: FieldLines): (() => void) | undefined {
    const { follow, insecure, maxRedirects, retry } = this.#settings
    const outgoing = this.#outgoing!
    const location = first(headers.location)
    if (follow && isRedirect(status, location)) {
      const next = redirected(outgoing, status, location, insecure)
      this.#client.allow(next.url)
      if (this.#redirects >= maxRedirects)
        throw new SocketError('EPROTO', `more than ${maxRedirects} redirects, the last to ${next.url.href}`, {
          op: 'request',
        })
      this.#redirects++
      return () => this.#send(next)
    }
    if (outgoing.body === true) return undefined
    const delay = delayAfterStatus(retry, outgoing.method, this.#tried, status, first(headers['retry-after']))
    return delay === undefined ? undefined : () => this.#again(delay)
  }

  /** Takes a response over. */
  deliver(
    controller: Dispatcher.DispatchController,
    status: number,
    reason: string,
    headers: FieldLines,
    fromCache: boolean,
  ): Delivery {
    const { method, url, decode } = this.#outgoing!
    const { streamed } = this.#settings
    const bodiless = method === 'HEAD' || status === 204 || status === 304
    const raw = controller.rawHeaders as RawFields
    const isHttp2 = raw && !Array.isArray(raw)
    const more: [fromCache?: boolean, version?: string] = isHttp2
      ? [fromCache, '2.0']
      : fromCache
        ? [true]
        : []
    const settings = {
      controller,
      head: [
        TELL.RESPONSE,
        this.id,
        status,
        reason,
        partsOf(url).href,
        this.#redirects,
        joined(raw),
        null,
        null,
        ...more,
      ] satisfies TellWire,
      codings: bodiless || !decode ? [] : codingsOf(first(headers['content-encoding'])),
      streamed,
      limit: this.#settings.maxBodySize,
    }
    if (streamed) clearTimeout(this.#timer)
    return new Delivery(settings, {
      emit: (wire, transfer) => this.#over || this.#client.emit(wire, transfer),
      complete: (wire, transfer) => this.#complete(wire, transfer),
      ended: () => void this.#finish(),
      failed: error => (streamed ? this.fail(error) : this.failed(error)),
    })
  }

  #complete(wire: TellWire, transfer: boolean): void {
    if (this.#over) return
    try {
      this.#client.emit(this.#client.respond(wire, this.#ask), transfer)
      this.#finish()
    } catch (error) {
      this.fail(error)
    }
  }

  /** The attempt has failed. Nothing of a response has crossed. */
  failed(thrown: unknown): void {
    if (this.#over) return
    const error = requestFailure(thrown)
    const { method, body } = this.#outgoing!
    const delay =
      body === true ? undefined : delayAfterFailure(this.#settings.retry, method, this.#tried, error)
    if (delay === undefined) return this.fail(error)
    this.#attempt?.abort(error)
    this.#again(delay)
  }

  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    clearTimeout(this.#timer)
    clearTimeout(this.#retry)
    this.#attempt?.delivery?.stop()
    this.#client.over(this.id)
    this.#upload?.destroy()
    return true
  }
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
