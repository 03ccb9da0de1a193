/**
 * The client as a program sees it.
 * @module
 */
import type { Reconnect } from './backoff.ts'
import type { CallOptions } from './calls.ts'
import type { ActionOf, AnyContract, ChannelOf, DataOf, InputOf, OutputOf, TopicName } from './contract.ts'
import type { HydrogenEvent } from './event.ts'
import type { Heartbeat } from './link.ts'
import type { Missed, TopicPosition } from './positions.ts'
import type { WebSocketConstructor } from './socket.ts'
import type { EventHandler, SubscribeOptions, Subscription } from './subscription.ts'

export interface ConnectOptions {
  /** Shown in the handshake, among the subprotocols. @default the token */
  readonly key?: string
  /** Who the user is; a function is asked for each connection, and when the token expires. */
  readonly token?: string | (() => string | Promise<string>)
  /** `false`: a lost connection is the end. @default {} */
  readonly reconnect?: Reconnect | false
  /** `false`: each connection has a session of its own. @default true */
  readonly resume?: boolean
  /** Further subprotocols to offer. */
  readonly protocols?: readonly string[]
  readonly heartbeat?: Heartbeat
  /** Commands that may wait to be sent, above all for a connection. @default 256 */
  readonly queue?: number
  /** @default the global one */
  readonly WebSocket?: WebSocketConstructor
}

/** `connecting`: for the first time or again. `waiting`: for the next attempt. `closed`: for good. */
export type ClientState = 'connecting' | 'connected' | 'waiting' | 'closed'

export interface SessionInfo {
  readonly session: string
  readonly user: string
  readonly permissions: readonly string[]
  /** Milliseconds for which the session outlives a connection. */
  readonly ttl: number
  /** Milliseconds since 1970 at which the identity expires. */
  readonly expires?: number
  /** It is the session of the connection before. */
  readonly recovered: boolean
  /** Why it is not, where there was one: a code of the error table, or `not_resumed`. */
  readonly reason?: string
}

export interface ClientEvents {
  state: ClientState
  /** There is a connection, and with it this session. */
  session: SessionInfo
  /** Every event, those of subscriptions too. */
  event: HydrogenEvent
  /** Something of a topic is missing, and will not come. */
  gap: Missed
  /** What has no caller: a connection that was lost, a handler that failed, a subscription that was refused later on. */
  error: Error
  /** There will be no further connection. */
  close: { readonly code: number; readonly reason: string; readonly error?: Error }
}

export interface HistoryOptions {
  /** The first offset wanted; backwards, the last. @default the end it begins at */
  readonly from?: number
  /** 1000 at most. */
  readonly limit?: number
  readonly reverse?: boolean
}

export interface History<T = unknown> {
  readonly topic: string
  readonly epoch: string
  /** The newest offset there is, and the oldest that is kept. */
  readonly top: number
  readonly first: number
  readonly publications: readonly {
    readonly id: string
    readonly offset: number
    readonly timestamp: string
    readonly channel: string
    readonly action: string
    readonly data: T
    readonly attributes?: Readonly<Record<string, string | number | boolean>>
  }[]
}

export interface TopicPresence {
  readonly topic: string
  readonly connections: number
  readonly users: readonly { readonly user: string; readonly connections: number }[]
}

export interface Identity {
  readonly user: string
  readonly permissions: readonly string[]
  readonly expires?: number
}

type Input<In> = undefined extends In ? [data?: In, options?: CallOptions] : [data: In, options?: CallOptions]

/** @typeParam C what the server's commands and topics are; see `Contract`. */
export interface HydrogenClient<C = AnyContract> extends AsyncDisposable {
  readonly state: ClientState
  /** Of the session there is, or was. */
  readonly session: SessionInfo | undefined
  /** Resolves when there is a session; rejects when there will be none. */
  readonly ready: Promise<void>
  /** The returned function takes the listener away again. */
  on<K extends keyof ClientEvents>(name: K, listener: (value: ClientEvents[K]) => void): () => void
  /**
   * Has the server run a command, once, over as many connections as that takes.
   *
   * @returns what it answered.
   * @throws {HydrogenClientError} what it refused it with; `timed_out`, `session_lost` (whether it ran is unknown),
   * `queue_full`, `closed`. With `signal`, its reason.
   */
  command<Channel extends ChannelOf<C>, Action extends ActionOf<C, Channel>>(
    channel: Channel,
    action: Action,
    ...input: Input<InputOf<C, Channel, Action>>
  ): Promise<OutputOf<C, Channel, Action>>
  /**
   * Subscribes to a topic, or to all that match a pattern: `*` is one token of a name, `>` at its end one or more. Until
   * it is unsubscribed from, it is kept up over all connections.
   *
   * @throws {HydrogenClientError} what the server refused it with.
   */
  subscribe<Topic extends TopicName<C>>(
    topic: Topic,
    options?: SubscribeOptions,
    handler?: EventHandler<DataOf<C, Topic>>,
  ): Promise<Subscription<DataOf<C, Topic>>>
  subscribe<Topic extends TopicName<C>>(
    topic: Topic,
    handler: EventHandler<DataOf<C, Topic>>,
  ): Promise<Subscription<DataOf<C, Topic>>>
  /** What was published, as far as it is kept. */
  history<Topic extends TopicName<C>>(
    topic: Topic,
    options?: HistoryOptions,
  ): Promise<History<DataOf<C, Topic>>>
  /** Who subscribed to a topic, where that is told. */
  presence(topic: string): Promise<TopicPresence>
  /** Shows a new token, or asks `token` for one. */
  refresh(token?: string): Promise<Identity>
  /** Milliseconds to the server and back. */
  ping(): Promise<number>
  /** The server's status object. */
  status(): Promise<Record<string, unknown>>
  /** Where the client is in a topic. */
  position(topic: string): TopicPosition | undefined
  /** Ends it for good; resolves when the connection is closed. What is under way rejects with `closed`. */
  close(code?: number, reason?: string): Promise<void>
}
