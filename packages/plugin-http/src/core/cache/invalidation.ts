/**
 * A request on its way to the program that may change what is stored: of an unsafe method, or a HEAD.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import { assemble } from '../server/head.ts'
import { TYPES } from '../server/response.ts'
import type { BodyKind } from '../wire.ts'
import { singleOf } from './fields.ts'
import type { Holdings } from './holdings.ts'
import type { CachePart } from './part.ts'
import type { StoredResponse } from './stored-response.ts'

/** What both have: nothing of the answer is sent, or held back, by the cache. */
abstract class Onlooker implements CachePart {
  readonly inBackground = false
  readonly isWaiting = false

  abstract answer(
    status: number,
    own: readonly string[] | null,
    body: string | Uint8Array | null,
    kind: BodyKind,
    defaults: readonly string[],
  ): boolean

  head(status: number, own: readonly string[] | null, kind: BodyKind, defaults: readonly string[]): void {
    this.answer(status, own, null, kind, defaults)
  }

  chunk(): void {}
  end(): void {}
  abandon(): void {}

  instead(): boolean {
    return false
  }
}

/** Drops what is stored of its target, and of those its answer names, when it succeeds (RFC 9111 section 4.4). */
export class Invalidation extends Onlooker {
  readonly #holdings: Holdings
  readonly #request: IncomingMessage
  readonly #requestedAt: number

  constructor(holdings: Holdings, request: IncomingMessage) {
    super()
    this.#holdings = holdings
    this.#request = request
    this.#requestedAt = holdings.now()
  }

  answer(
    status: number,
    own: readonly string[] | null,
    body: string | Uint8Array | null,
    kind: BodyKind,
    defaults: readonly string[],
  ): boolean {
    if (status < 200 || status > 399) return false
    const { fields, hasType } = assemble(own, defaults, false, false)
    this.#holdings.invalidateTargets(this.#request, [
      singleOf(fields, 'location'),
      singleOf(fields, 'content-location'),
    ])
    if (body !== null && body.length > 0 && !hasType) fields.push('Content-Type', TYPES[kind])
    if (this.#request.method === 'POST')
      this.#holdings.keepPosted(this.#request, status, fields, body, this.#requestedAt)
    return false
  }
}

/** What a HEAD is answered with says whether the stored response to a GET is still good (RFC 9111 section 4.3.5). */
export class HeadCheck extends Onlooker {
  readonly #holdings: Holdings
  readonly #request: IncomingMessage
  readonly #stored: StoredResponse
  readonly #requestedAt: number

  constructor(holdings: Holdings, request: IncomingMessage, stored: StoredResponse) {
    super()
    this.#holdings = holdings
    this.#request = request
    this.#stored = stored
    this.#requestedAt = holdings.now()
  }

  answer(
    status: number,
    own: readonly string[] | null,
    _body: unknown,
    _kind: BodyKind,
    defaults: readonly string[],
  ): boolean {
    if (status !== 200) return false
    const { fields } = assemble(own, defaults, true, false)
    this.#holdings.checkHead(this.#request, this.#stored, fields, this.#requestedAt)
    return false
  }
}
