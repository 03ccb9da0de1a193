/**
 * From a publication to the sessions that want it.
 * @module
 */
import type { Subscriptions } from '../topics/subscriptions.ts'
import type { LivePublication } from './live-event.ts'
import { type Subscriber, TopicPlace } from './subscriber.ts'
import type { Topic } from './topics.ts'

/** What became of a publication. */
export interface Reach {
  /** Sessions with a connection whose filter let it through. */
  matched: number
  queued: number
  dropped: number
}

/** Whether a session whose pattern matches a topic may have it. */
export type MayRead = (subscriber: Subscriber, topic: Topic) => boolean

export class FanOut {
  readonly #subscriptions: Subscriptions<Subscriber>
  readonly #mayRead: MayRead
  #stamp = 0

  constructor(subscriptions: Subscriptions<Subscriber>, mayRead: MayRead) {
    this.#subscriptions = subscriptions
    this.#mayRead = mayRead
  }

  /** Gives it to each session once, however many of its patterns match. */
  publish(topic: Topic, publication: LivePublication): Reach {
    const reach: Reach = { matched: 0, queued: 0, dropped: 0 }
    const stamp = ++this.#stamp
    this.#subscriptions.match(topic.name, subscriber => {
      const { live } = subscriber
      if (live.stamp === stamp) return
      const place = subscriber.place ?? this.#wildPlace(subscriber, topic, publication.offset)
      if (place === undefined) return
      if (place.recovery !== undefined) {
        live.stamp = stamp
        place.recovery.live(publication)
        reach.matched++
        reach.queued++
        return
      }
      if (!subscriber.wants(publication)) {
        place.position.hold(publication.offset)
        return
      }
      live.stamp = stamp
      reach.matched++
      if (live.deliver(place, publication)) reach.queued++
      else reach.dropped++
    })
    return reach
  }

  /** Where a session is in a topic that a pattern with wildcards has brought it. */
  #wildPlace(subscriber: Subscriber, topic: Topic, offset: number): TopicPlace | undefined {
    const { live } = subscriber
    let place = live.places.get(topic.name)
    if (place === undefined) {
      if (!this.#mayRead(subscriber, topic)) return undefined
      place = placeOf(subscriber, topic, offset - 1)
      live.places.set(topic.name, place)
    }
    place.add(subscriber)
    if (place.ack) startDelivery(place, offset - 1)
    return place
  }
}

/** Events of a place that is acknowledged are offered from here on; unless it `begins`, that may have been so before. */
export function startDelivery(place: TopicPlace, offset: number, begins = false): void {
  const { live } = place.subscribers[0]!
  if (begins || live.delivery.acceptedUpTo(place.topic)?.epoch !== place.epoch)
    live.delivery.beginAfter(place.topic, { epoch: place.epoch, offset })
}

/** A session's place in a topic, as its subscription and the topic want it. */
export function placeOf(
  { record }: Subscriber,
  { name, settings, history }: Topic,
  offset: number,
): TopicPlace {
  return new TopicPlace(name, history.epoch, offset, {
    lane: record.lane ?? settings.lane,
    ack: record.ack ?? settings.ack,
    strict: settings.strict,
    latest: settings.latest,
  })
}
