/**
 * What each subprotocol of the realm's WebSockets is made of.
 * @module
 */
import type { House } from '../house.ts'
import type { Player } from '../world.ts'
import type { WorldEvent } from '../world-event.ts'

/** One connection, as its subprotocol writes to it. Messages are JSON. */
export interface Line {
  send(message: Outgoing): void
  /** Ends it for good: the page does not come back by itself. */
  close(code: number, reason: string): void
}

export interface Outgoing {
  readonly type: string
  readonly [field: string]: unknown
}

/** What a client sends, once it is known to be a mapping. */
export type Incoming = Readonly<Record<string, unknown>>

/** Who is at the other end, for as long as the connection lasts. */
export interface Caller {
  receive(message: Incoming): void | Promise<void>
  happened?(event: WorldEvent): void
  /** The connection is over. */
  gone?(): void
}

export interface Call {
  readonly house: House
  readonly player: Player
  /** From the token. */
  readonly roles: readonly string[]
  readonly line: Line
}

/** Undefined where the caller was turned away. */
export type Subprotocol = (call: Call) => Caller | undefined

/** By their names. */
export type Subprotocols = Readonly<Record<string, Subprotocol>>

/** RFC 6455 section 7.4.1. */
export const NORMAL = 1000
export const POLICY_VIOLATION = 1008

/** Characters of one text. */
export const MAX_TEXT = 400

export function refuse(line: Line, reason: string): void {
  line.send({ type: 'error', reason })
}
