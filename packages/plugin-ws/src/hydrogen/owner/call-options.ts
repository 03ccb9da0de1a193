/**
 * How the calls on a Hydrogen server are made.
 * @module
 */
import type { LaneName } from '../options/index.ts'
import type { Attributes } from '../topics/filter.ts'

/** How an event is published. */
export interface PublishOptions {
  /** Receivers acknowledge it. @default as HYDROGEN_TOPICS says */
  ack?: boolean
  /** @default as HYDROGEN_TOPICS says */
  lane?: LaneName
  /** Users; the others are not given it. @default every subscriber */
  to?: readonly string[]
  /** An event of the same key is not published again. */
  key?: string
  /** What filters look at. */
  attributes?: Attributes
  /** Resolve when so many have acknowledged it. @default none: resolve when it is in the history */
  confirm?: 'all' | 'any' | number
  /** Milliseconds to wait for `confirm`. */
  timeout?: number
  /** @default the topic's first word */
  channel?: string
  /** @default 'message' */
  action?: string
  /** Gives up waiting. */
  signal?: AbortSignal
}

/** An event without a topic. */
export interface HydrogenEvent {
  channel: string
  action: string
  data?: unknown
}

/** How an event without a topic is sent. */
export interface BroadcastOptions {
  /** @default 2 */
  lane?: LaneName
  /** Users. @default all who are authenticated */
  to?: readonly string[]
  /** In the bulk lane: a waiting one of the same key gives way. */
  conflate?: string
}

/** How a connection is ended. */
export interface DisconnectOptions {
  /** From 3000 to 4999. */
  code?: number
  reason?: string
  /** The sessions are over too: their clients cannot resume them. @default false */
  end?: boolean
}

/** What is changed of who is connected. */
export interface RefreshOptions {
  /** `channel:action` patterns, in place of those there are. */
  permissions?: readonly string[]
  /** Milliseconds since 1970. */
  expires?: number
}

/** Which events of a history. */
export interface HistoryOptions {
  /** The first offset. @default the oldest that is kept, or with `reverse` the newest */
  from?: number
  /** Events at most. @default 100 */
  limit?: number
  /** The newest first. */
  reverse?: boolean
}
