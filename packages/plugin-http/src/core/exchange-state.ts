/**
 * What the owner half keeps of an exchange: nothing, for most.
 * @module
 */
import type { OwnerPort } from '@unisock/kernel/plugin'
import type { RequestBody } from './request-body.ts'
import type { FormParts } from './upload/form-parts.ts'

export interface ExchangeState {
  /** The request was a HEAD: its answer has no body (RFC 9110 section 9.3.2). */
  head: boolean
  /** The request's streamed body. */
  body: RequestBody | FormParts | undefined
  /** A streamed answer has begun: there is no second one. */
  replying: boolean
}

/** The state of an exchange, if it has any. */
export function stateOf(port: OwnerPort): ExchangeState | undefined {
  return port.state as ExchangeState | undefined
}

export function ensureState(port: OwnerPort): ExchangeState {
  port.state ??= { head: false, body: undefined, replying: false } satisfies ExchangeState
  return port.state as ExchangeState
}
