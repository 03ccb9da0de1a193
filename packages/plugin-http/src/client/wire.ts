/**
 * What crosses between a client's two halves. All frames of one request carry its number; the bodies that are streamed
 * have a window of their own each, so that one that nobody reads holds up no other.
 * @module
 */
import type { SocketError } from '@unisock/kernel/plugin'

/** Bytes of one streamed body that may be on their way. */
export const BODY_WINDOW = 256 * 1024

/** Owner to worker. */
export const ASK = { REQUEST: 0, CHUNK: 1, CANCEL: 2, GRANT: 3 } as const

/** The response's body is wanted as a stream, or whole, whatever HTTP_BODY_STREAM says. */
export const STREAMED = 1
export const WHOLE = 8
/** Redirects are followed, or not, whatever HTTP_FOLLOW_REDIRECTS says. */
export const FOLLOW = 2
export const NO_FOLLOW = 4
/** The last header field is a traceparent, in which the worker names another span. */
export const TRACED = 16

/**
 * A request. `headers` has names and values in turn. A body of true is streamed, null may be HTTP_BODY's. Further protocols append their own
 * fields.
 */
export type AskWire = [
  op: typeof ASK.REQUEST,
  id: number,
  /** Null: HTTP_METHOD's. */
  method: string | null,
  url: string,
  headers: string[] | null,
  body: string | Uint8Array | true | null,
  contentType: string | null,
  flags: number,
  /** Milliseconds, instead of HTTP_TIMEOUT. */
  timeout: number | null,
  /** Bytes, instead of HTTP_MAX_BODY_SIZE. */
  maxBodySize: number | null,
  ...more: unknown[],
]

/** A part of a request's body; null ends it. */
export type AskChunkWire = [op: typeof ASK.CHUNK, id: number, data: Uint8Array | null]
/** Nobody wants the response, or the rest of it. */
export type CancelWire = [op: typeof ASK.CANCEL, id: number]
/** So many bytes of the response's body were read. */
export type GrantWire = [op: typeof ASK.GRANT, id: number, bytes: number]

export type ToClientWire = AskWire | AskChunkWire | CancelWire | GrantWire

/** Worker to owner. */
export const TELL = { RESPONSE: 0, CHUNK: 1, END: 2, FAILED: 3, GRANT: 4, RESTARTED: 5 } as const

/** A response. Header fields and trailers are strings, names and values in turn on lines of their own. */
export type TellWire = [
  op: typeof TELL.RESPONSE,
  id: number,
  status: number,
  reason: string,
  /** What was asked in the end. */
  url: string,
  redirects: number,
  headers: string,
  body: Uint8Array | string | true | null,
  trailers: string | null,
  /** What is told was stored. */
  fromCache?: boolean,
  /** HTTP's, where that is not 1.1. */
  version?: string,
  ...more: unknown[],
]

export type TellChunkWire = [op: typeof TELL.CHUNK, id: number, data: Uint8Array]
export type TellEndWire = [op: typeof TELL.END, id: number, trailers: string]
export type FailedWire = [
  op: typeof TELL.FAILED,
  id: number,
  code: string,
  message: string,
  category: SocketError['category'],
  retryable: boolean,
  details: Record<string, unknown> | null,
]
/** So many bytes of the request's body were sent. */
export type TellGrantWire = [op: typeof TELL.GRANT, id: number, bytes: number]
/** The worker was restarted: it knows of no request. */
export type RestartedWire = [op: typeof TELL.RESTARTED]

export type FromClientWire =
  | TellWire
  | TellChunkWire
  | TellEndWire
  | FailedWire
  | TellGrantWire
  | RestartedWire
