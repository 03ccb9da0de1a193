/**
 * What crosses between an exchange's two halves.
 * @module
 */
import type { Front } from './apache/front.ts'

/**
 * A request as it crosses, worker to owner. Its header fields are one string, names and values in turn on lines of
 * their own, which is split only when read; where the request has an id, a line with that and its trace is before them; where a web server in front was believed, what it said is JSON behind them. `body` is true where its chunks follow, each as a message of its own; null,
 * or an array with the joined trailers, ends them. A form that was taken in is JSON, or the empty text where its parts
 * follow: the head of each as JSON, then its chunks. Further protocols append their own fields.
 */
export type RequestWire = [
  method: string,
  uri: string,
  version: string,
  headers: string | [headers: string, front: string],
  body: Uint8Array | true | string | null,
  trailers?: string | null,
  ...more: unknown[],
]

/** Puts what a web server in front says of a request to it. */
export function addFront(wire: RequestWire, front: Front): void {
  wire[3] = [wire[3] as string, JSON.stringify(front)]
}

/** What follows a request whose body is streamed. */
export type BodyWire = Uint8Array | string | [trailers: string] | null

/** What a reply's body is, for the Content-Type of a reply without one. */
export const BODY_TEXT = 0
export const BODY_JSON = 1
export const BODY_BYTES = 2
/** The body is the path of a file, which is handed to the web server in front. */
export const BODY_FILE = 3
export type BodyKind = typeof BODY_TEXT | typeof BODY_JSON | typeof BODY_BYTES | typeof BODY_FILE

/**
 * A response's head, owner to worker, with the whole body or null. `headers` has names and values in turn. A body of
 * true is streamed: chunks follow, then null or the trailers, flat, in an array. `ping`: see HttpReply.
 */
export type ResponseWire = [
  status: number,
  headers: string[] | null,
  body: string | Uint8Array | true | null,
  kind: BodyKind,
  ping?: number,
]

/** What follows a streamed response's head. */
export type ChunkWire = string | Uint8Array | [trailers: string[]] | null
