/**
 * A session as plain values: what is kept where it outlives the connection, and the worker.
 * @module
 */
import type { DeliverySnapshot } from '../delivery/index.ts'
import type { Lane } from '../envelope/types.ts'
import type { Filter } from '../topics/filter.ts'
import type { CommandsSnapshot } from './commands.ts'

/** What a session subscribed to. */
export interface SubscriptionRecord {
  readonly pattern: string
  readonly filter?: Filter
  readonly lane?: Lane
  /** Its events want acknowledgments. */
  readonly ack?: boolean
}

/** Strings, numbers, booleans, arrays and mappings of them. */
export interface SessionRecord {
  readonly id: string
  readonly user: string
  readonly permissions: readonly string[]
  readonly subscriptions: readonly SubscriptionRecord[]
  /** Of its resume tokens; base64url. */
  readonly secret: string
  /** Which connection of the session is the present one, from 1. */
  readonly generation: number
  /** The newest generation whose token the client is known to have. */
  readonly confirmed: number
  /** When it ends, in milliseconds; 0: it has a connection. */
  readonly expires: number
  readonly commands: CommandsSnapshot
  readonly delivery?: DeliverySnapshot
}
