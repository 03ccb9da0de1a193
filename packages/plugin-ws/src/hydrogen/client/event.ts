/**
 * An event as the program gets it.
 * @module
 */
import type { AckKind, EventEnvelope, Lane } from '../envelope/types.ts'

/** Told once what became of the event. */
export type Settle = (kind: AckKind, delay?: number) => void

export class HydrogenEvent<T = unknown> {
  /** The same at every sending. */
  readonly id: string
  /** ISO 8601. */
  readonly timestamp: string | undefined
  readonly channel: string
  readonly action: string
  /** Undefined: it was told to all. */
  readonly topic: string | undefined
  /** Its number in the topic, within `epoch`. */
  readonly offset: number | undefined
  readonly epoch: string | undefined
  readonly data: T
  readonly lane: Lane | undefined
  /** Which sending this is, from 1. */
  readonly attempt: number
  /** It wants an acknowledgment. */
  readonly wantsAck: boolean
  readonly #settle: Settle | undefined

  constructor(envelope: EventEnvelope, settle?: Settle) {
    this.id = envelope.id
    this.timestamp = envelope.timestamp
    this.channel = envelope.channel
    this.action = envelope.action
    this.topic = envelope.topic
    this.offset = envelope.offset
    this.epoch = envelope.epoch
    this.data = envelope.data as T
    this.lane = envelope.prio
    this.attempt = envelope.attempt ?? 1
    this.wantsAck = settle !== undefined
    this.#settle = settle
  }

  /** It is done. Where the subscription acknowledges by itself, this is said sooner. */
  ack(): void {
    this.#settle?.('ack')
  }

  /** It is to come again, after so many milliseconds or when the server thinks fit. */
  nak(delay?: number): void {
    this.#settle?.('nak', delay)
  }

  /** It is still being worked on. */
  progress(): void {
    this.#settle?.('progress')
  }

  /** It is not done, and is never to come again. */
  term(): void {
    this.#settle?.('term')
  }
}
