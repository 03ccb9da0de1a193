/**
 * An event on its way to one session.
 * @module
 */
import type { Lane } from '../envelope/types.ts'

/** An event that wants an acknowledgment. */
export interface Deliverable<F> {
  /** The same at every sending. */
  readonly id: string
  readonly topic: string
  readonly epoch: string
  readonly offset: number
  readonly lane: Lane
  readonly bytes: number
  readonly frame: F
  /** Nothing else of its topic is sent before this is acknowledged. */
  readonly strict: boolean
}

/**
 * `queued`: given out, not written yet. `sent`: written, and waited for. `waiting`: to be sent again at its time.
 * `held`: the session has no connection.
 */
export type MessageState = 'queued' | 'sent' | 'waiting' | 'held'

/** An event that was given out and has not ended. */
export interface Message<F> extends Deliverable<F> {
  /** Its number in the session, from 1. */
  readonly seq: number
  state: MessageState
  /** The newest sending, from 1. */
  attempt: number
  /** The newest sending that was written; 0: none. */
  written: number
  /** Which of all writings was its first and its newest: what is urgent is written before what has lower numbers. */
  firstWrite: number
  lastWrite: number
  /** Sendings that were not acknowledged in time, or refused. */
  failures: number
  /** When it was last written. */
  sentAt: number
  /** When the state ends by itself. */
  deadline: number
  /** The client named the time at which it wants it again. */
  delayed: boolean
}

/** How an event ends; each does so once. */
export type End = 'acked' | 'dead' | 'expired'

/**
 * Why. `max_deliver`: every sending failed. `term`: the client wants it never again. `overflow`: newer ones took its
 * place. `session`: the session ended. `unsubscribed`: the topic is no longer wanted, or no longer allowed. `epoch`: the
 * topic began anew.
 */
export type EndReason = 'ack' | 'max_deliver' | 'term' | 'overflow' | 'session' | 'unsubscribed' | 'epoch'
