/**
 * What a delivery asks of its surroundings, and what it tells them.
 * @module
 */
import type { Deliverable, End, EndReason } from './message.ts'

/** What a delivery does to the outside. Each may call back into it. */
export interface DeliveryHooks<F> {
  /**
   * Queues the event for the connection. `again`: it was given out before, and goes ahead of what was not. Before it is
   * written, `begin` is to be asked.
   */
  send(event: Deliverable<F>, attempt: number, again: boolean): void
  /** Called once for every event that `offer` took. */
  ended(event: Deliverable<F>, end: End, reason: EndReason): void
}

/**
 * `known`: it was offered before. `refused`: its lane is full. It was not taken, nor is any later one of that lane until
 * there is another connection, whose recovery is to begin behind `acceptedUpTo`.
 */
export type Offered = 'taken' | 'known' | 'refused'

/** What the writer adds to an event. */
export interface SendingParts {
  readonly seq: number
  readonly attempt: number
}
