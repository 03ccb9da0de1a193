/**
 * A REST handler's answer: its return value is the body, and `reply()` is the only other form.
 * @module
 */
import type { HttpHeaders } from '@unisock/plugin-http/core'

/** A whole response. `body` is sent as JSON unless it is text, bytes, a stream or an async iterable. */
export interface RestReply {
  /** @default 200 */
  status?: number
  headers?: HttpHeaders
  body?: unknown
  /** In place of a body: a file that the web server in front sends (APACHE_STATIC_HANDOFF). */
  file?: string
  /** Trailer fields, or what makes them when the body has been sent. */
  trailers?: HttpHeaders | (() => HttpHeaders)
}

const MARK: unique symbol = Symbol.for('unisock.reply')

/** A response marked as such, so that a handler's return value is not taken for a body. */
export type MarkedReply = RestReply & { readonly [MARK]: true }

/**
 * Marks a whole response as a handler's return value.
 *
 * @example return reply({ status: 201, headers: { location: `/users/${user.id}` }, body: user })
 */
export function reply(response: RestReply): MarkedReply {
  return { ...response, [MARK]: true }
}

/** Recognises a reply of any copy of this package. */
export function isReply(value: unknown): value is MarkedReply {
  return typeof value === 'object' && value !== null && (value as Partial<MarkedReply>)[MARK] === true
}
