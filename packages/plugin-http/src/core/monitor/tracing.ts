/**
 * Gives requests their ids and their places in traces.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Addr } from '@unisock/kernel/plugin'
import { admittedOf } from '../apache/door.ts'
import { TrustedPeers } from '../apache/peers.ts'
import type { HttpResponse } from '../server/response.ts'
import { type Identity, identityOf, setIdentity } from './identity.ts'
import { randomHex, spanId, uuidV7 } from './ids.ts'
import type { TraceSettings } from './options.ts'
import { checkTracestate, formatTraceparent, parseTraceparent } from './trace-context.ts'

/** What an id may be that somebody else made: it goes into logs and fields. */
const ID = /^[\x21-\x7e]{1,128}$/

export class Tracing {
  readonly #makeId: () => string
  readonly #header: string
  readonly #name: string
  readonly #trusted: TrustedPeers | undefined
  readonly #sample: number

  constructor({ id = 'uuid', header = 'X-Request-Id', trusted, sample = 1 }: TraceSettings = {}) {
    this.#makeId = id === 'uuid' ? uuidV7 : () => randomHex(16)
    this.#header = header
    this.#name = header.toLowerCase()
    this.#trusted = trusted && new TrustedPeers(trusted)
    this.#sample = sample
  }

  /**
   * Gives a request its identity, unless it has one, and its response the id.
   *
   * @param forwarders Whose word is taken where the settings name nobody.
   */
  identify(
    request: IncomingMessage,
    response: HttpResponse,
    peer: Addr,
    forwarders?: TrustedPeers,
  ): Identity {
    const known = identityOf(request)
    if (known) return known
    const { headers } = request
    const given = headers[this.#name]
    const isTrusted =
      admittedOf(request)?.front?.via === 'fastcgi' || (this.#trusted ?? forwarders)?.has(peer)
    const id = isTrusted && typeof given === 'string' && ID.test(given) ? given : this.#makeId()
    const identity = { id, ...this.#place(headers.traceparent, headers.tracestate) }
    setIdentity(request, identity)
    response.add(this.#header, id)
    return identity
  }

  #place(traceparent: unknown, tracestate: unknown): Omit<Identity, 'id'> {
    const parent = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined
    const own = spanId()
    if (parent) {
      const { traceId, parentId, sampled, random } = parent
      return {
        traceId,
        parentId,
        spanId: own,
        traceparent: formatTraceparent(traceId, own, sampled, random),
        tracestate: checkTracestate(lines(tracestate)),
      }
    }
    const traceId = randomHex(16)
    const isSampled = this.#sample === 1 || Math.random() < this.#sample
    return {
      traceId,
      parentId: undefined,
      spanId: own,
      traceparent: formatTraceparent(traceId, own, isSampled, true),
      tracestate: undefined,
    }
  }
}

/** Several lines of the field are one list. */
function lines(field: unknown): string {
  return Array.isArray(field) ? field.join(',') : typeof field === 'string' ? field : ''
}
