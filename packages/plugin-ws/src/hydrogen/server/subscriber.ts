/**
 * A session's subscription while it has a connection, and where it is in the topics of it.
 * @module
 */
import type { Lane } from '../envelope/types.ts'
import type { TopicRecovery } from '../recovery/index.ts'
import type { SubscriptionRecord } from '../session/record.ts'
import { hasWildcard } from '../topics/name.ts'
import { Position } from '../topics/position.ts'
import { type SharedFilter, sharedFilter } from '../topics/shared-filter.ts'
import type { LivePublication } from './live-event.ts'
import type { LiveSession } from './live-session.ts'

const NO_SUBSCRIBERS: readonly Subscriber[] = []

/** Where a session is in one topic. */
export class TopicPlace {
  readonly topic: string
  readonly epoch: string
  readonly position: Position
  readonly lane: Lane
  /** All of its events are acknowledged, whatever is published. */
  readonly ack: boolean
  readonly strict: boolean
  /** A waiting event of it is superseded by a newer one. */
  readonly latest: boolean
  /** What the client had already: events up to here that nobody acknowledges are not sent again. */
  readonly known: number
  /** Why its events come: patterns of the session that match. */
  subscribers: readonly Subscriber[] = NO_SUBSCRIBERS
  /** Until it is where the topic is. */
  recovery: TopicRecovery<LivePublication> | undefined

  constructor(
    topic: string,
    epoch: string,
    offset: number,
    settings: {
      readonly lane: Lane
      readonly ack: boolean
      readonly strict: boolean
      readonly latest: boolean
    },
  ) {
    this.topic = topic
    this.epoch = epoch
    this.position = new Position(offset)
    this.known = offset
    this.lane = settings.lane
    this.ack = settings.ack
    this.strict = settings.strict
    this.latest = settings.latest
  }

  add(subscriber: Subscriber): void {
    // An array that grows takes room for sixteen more, and most have one.
    if (!this.subscribers.includes(subscriber)) this.subscribers = this.subscribers.concat(subscriber)
    if (!subscriber.isWild) subscriber.place = this
  }

  remove(subscriber: Subscriber): void {
    if (!this.subscribers.includes(subscriber)) return
    this.subscribers = this.subscribers.filter(other => other !== subscriber)
  }

  /** Whether any of the session's patterns wants the publication. */
  wants(publication: LivePublication): boolean {
    for (const subscriber of this.subscribers) if (subscriber.wants(publication)) return true
    return false
  }
}

export class Subscriber {
  readonly live: LiveSession
  readonly record: SubscriptionRecord
  readonly isWild: boolean
  /** Of a pattern without wildcards: where it is. */
  place: TopicPlace | undefined
  readonly #filter: SharedFilter | undefined

  constructor(live: LiveSession, record: SubscriptionRecord) {
    this.live = live
    this.record = record
    this.isWild = hasWildcard(record.pattern)
    this.#filter = record.filter && sharedFilter(record.filter)
  }

  /** Whether its filter lets the publication through, and it is meant for this user. */
  wants({ frame, attributes }: LivePublication): boolean {
    if (frame.to !== undefined && !frame.to.has(this.live.session.user)) return false
    return this.#filter === undefined || this.#filter.passes(attributes)
  }
}
