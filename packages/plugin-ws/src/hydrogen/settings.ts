/**
 * What the options 440-450 of a listener come to, as its Hydrogen server uses them. Times are milliseconds.
 * @module
 */

import type { DeliveryOptions } from './delivery/options.ts'
import type { EnvelopeLimits } from './envelope/limits.ts'
import type { Lane } from './envelope/types.ts'
import type { HistoryLimits } from './history/topic-history.ts'
import type { LaneSet } from './lanes/options.ts'

/** How a topic behaves: of the first pattern of HYDROGEN_TOPICS that it matches. */
export interface TopicSettings {
  /** `maxCount` 0: nothing is kept, and the topic is not in the store. */
  readonly history: Readonly<HistoryLimits>
  /** Receivers acknowledge its events. */
  readonly ack: boolean
  /** One event at a time is unacknowledged. */
  readonly strict: boolean
  readonly lane: Lane
  /** `join` and `leave` are told, and who is there may be asked. */
  readonly presence: boolean
  /** A new subscriber gets the last value at once. */
  readonly last: boolean
  /** A waiting event of the topic is superseded by a newer one, in lane 3 only. */
  readonly latest: boolean
  /** Permission that a subscriber needs; undefined: `subscribe:<topic>` is not asked for. */
  readonly permission: string | undefined
}

/** What is asked of a command. */
export interface ActionSettings {
  /** A `channel:action`; undefined: the command's own; null: none. */
  readonly permission: string | null | undefined
  readonly signed: boolean
  /** A token in the message itself. */
  readonly token: boolean
}

export interface HydrogenLimits {
  readonly envelope: Readonly<EnvelopeLimits>
  /** Subscriptions of a session. */
  readonly subscriptions: number
  /** Commands of a session that may be running. */
  readonly commands: number
  /** Messages in a minute that are against the protocol, before the connection is closed. */
  readonly errors: number
  /** Until a client has shown who it is, and until a command is answered. */
  readonly authTimeout: number
  readonly commandTimeout: number
  /** Bytes that are left to the socket before the rest waits where it may still be overtaken. */
  readonly highWater: number
  readonly lanes: LaneSet
  readonly delivery: Partial<DeliveryOptions>
}

export interface SessionSettings {
  /** How long a session outlives its connection. */
  readonly ttl: number
  /** How often what changed of sessions goes to the store. */
  readonly save: number
}

export interface StatusSettings {
  /** 0: only when asked for. */
  readonly interval: number
  readonly topic: string
}

/** Functions of the program, by the numbers they have in the worker. */
export interface HydrogenFunctions {
  /** By channel; `*` for every other one. */
  readonly handlers: ReadonlyMap<string, number>
  readonly deadLetter: number | undefined
  readonly transition: number | undefined
}

export interface HydrogenSettings {
  /** Nobody is served. */
  readonly enabled: boolean
  readonly authRequired: boolean
  /** 0: a silent connection stays. */
  readonly idleTimeout: number
  readonly limits: HydrogenLimits
  readonly session: SessionSettings
  readonly status: StatusSettings | undefined
  readonly functions: HydrogenFunctions
  topic(name: string): TopicSettings
  action(channel: string, action: string): ActionSettings
}
