/**
 * What crosses between a Hydrogen server in its worker and the program. The first field tells what it is; data is JSON
 * text, written and read in the owner's thread.
 * @module
 */
import type { Lane } from './envelope/types.ts'
import type { AttributeValue } from './topics/filter.ts'

/** On a connection, before any command and whenever that changes: who the client is. */
export type IdentityWire = ['identity', session: string, user: string, permissions: string[]]

/**
 * On a connection: a command that was checked and is to be run. `run` is this worker's number of it; `cseq` is 0 where
 * the client does not number its commands: such a one is not repeated.
 */
export type CommandWire = [
  'command',
  run: number,
  session: string,
  cseq: number,
  id: string,
  timestamp: string | null,
  channel: string,
  action: string,
  data: string | null,
]

/** On a listener: the responses of these commands are kept by the store, the owner may forget them. */
export type KeptWire = ['kept', ...commands: [session: string, cseq: number][]]

/** On a listener: these sessions are over, and the responses kept for them are of no use. */
export type SessionsEndedWire = ['ended', ...sessions: string[]]

/** On a listener, to the function of HYDROGEN_OBSERVERS: an event that could not be delivered. */
export type DeadLetterWire = [
  'dead',
  id: string,
  topic: string,
  offset: number,
  user: string,
  session: string,
  reason: 'max_deliver' | 'term' | 'overflow' | 'session' | 'unsubscribed' | 'epoch',
  attempts: number,
]

/** On a listener, to the function of HYDROGEN_OBSERVERS: a connection went from one state to another. */
export type TransitionWire = ['transition', fd: number, to: string, from: string, user: string]

export type ToOwnerWire =
  | IdentityWire
  | CommandWire
  | KeptWire
  | SessionsEndedWire
  | DeadLetterWire
  | TransitionWire

/** To the connection, or where that has ended to its listener: what became of a command. */
export type ReplyWire = [
  'reply',
  run: number,
  session: string,
  cseq: number,
  ok: boolean,
  /** JSON text: the data, or the `WireError`. */
  text: string | null,
]

/** As the reply of a `request` on the listener. */
export type PublishWire = [
  'publish',
  topic: string,
  data: string | null,
  channel: string | null,
  action: string | null,
  options: PublishWireOptions | null,
]

export interface PublishWireOptions {
  /** Receivers acknowledge it. */
  ack?: boolean
  lane?: Lane
  /** Users. */
  to?: readonly string[]
  /** Idempotency key. */
  key?: string
  attributes?: Readonly<Record<string, AttributeValue>>
  /** Resolve when so many have acknowledged it. */
  confirm?: 'all' | 'any' | number
  /** Milliseconds to wait for `confirm`. */
  timeout?: number
}

export interface Published {
  epoch: string
  offset: number
  id: string
  /** It was published before, under its key; the counts are 0. */
  duplicate: boolean
  /** Sessions with a connection that subscribed to the topic and whose filter let it through. */
  matched: number
  /** Of them, those to which it was written, or for which it waits. */
  queued: number
  dropped: number
  /** With `confirm`: sessions that acknowledged it. */
  confirmed?: number
}

/** An event without a topic: to all who are authenticated, or to some of them. */
export type BroadcastWire = [
  'broadcast',
  channel: string,
  action: string,
  data: string | null,
  options: BroadcastWireOptions | null,
]

export interface BroadcastWireOptions {
  lane?: Lane
  to?: readonly string[]
  /** In the bulk lane: a waiting one of the same key is superseded. */
  conflate?: string
  /** The connection's. */
  fd?: number
}

export interface Broadcasted {
  matched: number
  queued: number
  dropped: number
}

/** Whom an order is about. */
export interface Whom {
  user?: string
  session?: string
  fd?: number
}

/** As requests on the listener. */
export type RequestWire =
  | PublishWire
  | BroadcastWire
  /** Resolves with how many connections were closed; `end`: their sessions are over too. */
  | ['disconnect', whom: Whom, code: number | null, reason: string | null, end: boolean]
  /** Permissions or their expiry anew; resolves with the sessions concerned. */
  | ['refresh', whom: Whom, permissions: string[] | null, expires: number | null]
  | ['subscribe', whom: Whom, pattern: string]
  | ['unsubscribe', whom: Whom, pattern: string]
  | ['history', topic: string, from: number | null, limit: number | null, reverse: boolean]
  | ['presence', topic: string]
  | ['status']
  | ['metrics']
