/**
 * What a REST request carries across the link beyond HTTP's own.
 * @module
 */

/** In `flags`: the index of the status in AUTH_STATUSES. */
export const AUTH_BITS = 7
/** In `flags`: the request failed a check and was handed on. */
export const FAILED = 8
/** In `flags`: `body` is text, not JSON. */
export const PLAIN_TEXT = 16

/** In `flags`: the route takes its body as a stream, and there is none. */
export const EMPTY_STREAM = 32

/** HTTP's request wire with a route's findings behind it. Texts are JSON, parsed only when read. */
export type RestWire = [
  method: string,
  uri: string,
  version: string,
  headers: string | [headers: string, front: string],
  bytes: Uint8Array | true | string | null,
  trailers: string | null,
  /** Null where no route matched. */
  pattern: string | null,
  /** Names and values in turn. */
  pathParams: readonly (string | number)[] | null,
  body: string | null,
  flags: number,
  claims: string | null,
  /** Null where the query is as it was sent. */
  query: string | null,
  results: string | null,
  /** Absent for most. */
  more?: MoreWire,
]

/** What few requests have. */
export type MoreWire = [
  /** Of the functions that run around the handler, outermost first. */
  functions: readonly number[] | null,
  /** Who has shown a password. */
  user: string | null,
  /** The methods that the path has, where none of them is the request's. */
  allowed: readonly string[] | null,
  /** The request was refused: its status, the problem document, and header fields, names and values in turn. */
  refusal: [status: number, document: string, headers: readonly string[]] | null,
]
