/**
 * A client of the Hydrogen messaging server, for browsers and Node. It keeps its session over all connections: commands
 * run once, events come once and in order, and what is missing is named.
 * @module
 */
import type { ConnectOptions, HydrogenClient } from './api.ts'
import { Client } from './client.ts'
import type { AnyContract } from './contract.ts'

export type { AttributeValue, Filter } from '../topics/filter.ts'
export type {
  ClientEvents,
  ClientState,
  ConnectOptions,
  History,
  HistoryOptions,
  HydrogenClient,
  Identity,
  SessionInfo,
  TopicPresence,
} from './api.ts'
export type { Reconnect } from './backoff.ts'
export type { CallOptions } from './calls.ts'
export type { Contract } from './contract.ts'
export { type ClientFault, HydrogenClientError } from './error.ts'
export type { HydrogenEvent } from './event.ts'
export type { Heartbeat } from './link.ts'
export type { Missed, TopicPosition } from './positions.ts'
export type { WebSocketConstructor, WebSocketLike } from './socket.ts'
export type {
  EventHandler,
  Presence,
  SubscribeOptions,
  Subscription,
  SubscriptionEvents,
} from './subscription.ts'

/**
 * A client of the server at this URL (`ws:` or `wss:`); it connects at once, and again whenever the connection is lost.
 *
 * @typeParam C the server's commands and topics; see `Contract`.
 */
export function connect<C = AnyContract>(url: string, options: ConnectOptions = {}): HydrogenClient<C> {
  return new Client(url, options)
}
