/**
 * What the functions of HYDROGEN_OBSERVERS get.
 * @module
 */
import type { DeadLetterWire, TransitionWire } from '../wire.ts'

/** An event that could not be delivered to a session. */
export interface DeadLetter {
  /** The event's. */
  id: string
  topic: string
  offset: number
  user: string
  session: string
  /**
   * `max_deliver`: it was sent too often without an acknowledgment. `term`: the client wants it no more. `overflow`: too
   * much waited. `session`: the session is over. `unsubscribed`: it was, before the acknowledgment came.
   * `epoch`: the topic began anew before that.
   */
  reason: DeadLetterWire[6]
  /** How often it was sent. */
  attempts: number
}

/** A connection went from one state to another. */
export interface Transition {
  fd: number
  to: string
  from: string
  user: string
}

export function readDeadLetter([
  ,
  id,
  topic,
  offset,
  user,
  session,
  reason,
  attempts,
]: DeadLetterWire): DeadLetter {
  return { id, topic, offset, user, session, reason, attempts }
}

export function readTransition([, fd, to, from, user]: TransitionWire): Transition {
  return { fd, to, from, user }
}
