/**
 * Giving a session the topics it asks for, and taking them away.
 * @module
 */
import type { AdmittedIdentity } from '../auth/identity.ts'
import { answerPosition, type ClientPosition, type TopicAnswer } from '../recovery/index.ts'
import type { SubscriptionRecord } from '../session/record.ts'
import { covers, hasWildcard, parsePattern } from '../topics/name.ts'
import type { HydrogenContext } from './context.ts'
import { placeOf, startDelivery } from './fan-out.ts'
import type { LiveSession } from './live-session.ts'
import { Subscriber, type TopicPlace } from './subscriber.ts'
import type { Topic } from './topics.ts'

/** Whether this user may have the events of a pattern; one with wildcards is asked for again topic by topic. */
export function mayRead(
  { authority, settings }: HydrogenContext,
  identity: AdmittedIdentity,
  pattern: string,
): boolean {
  if (hasWildcard(pattern)) return true
  const { permission } = settings.topic(pattern)
  return permission === undefined || authority.holds(identity, permission)
}

/** Whether a pattern that parses matches this topic. */
export function matches(pattern: string, topic: string): boolean {
  return pattern === topic || (hasWildcard(pattern) && covers(parsePattern(pattern)!, topic.split('.')))
}

/** Topics that exist, match a pattern and may be read, up to so many. */
export function existing(
  context: HydrogenContext,
  identity: AdmittedIdentity,
  pattern: string,
  most: number,
): string[] {
  const found: string[] = []
  const outer = parsePattern(pattern)!
  for (const name of context.topics.names()) {
    if (!covers(outer, name.split('.')) || !mayRead(context, identity, name)) continue
    found.push(name)
    if (found.length > most) break
  }
  return found
}

/** Events come from now on. */
export function addSubscriber(
  { subscriptions }: HydrogenContext,
  live: LiveSession,
  record: SubscriptionRecord,
): Subscriber {
  removeSubscriber(subscriptions, live, record.pattern)
  const subscriber = new Subscriber(live, record)
  live.subscribers.set(record.pattern, subscriber)
  subscriptions.add(record.pattern, subscriber)
  return subscriber
}

/** No more come because of it; of topics that nothing else of the session matches, what is on its way goes too. */
export function removeSubscriber(
  subscriptions: HydrogenContext['subscriptions'],
  live: LiveSession,
  pattern: string,
): boolean {
  const subscriber = live.subscribers.get(pattern)
  if (subscriber === undefined) return false
  live.subscribers.delete(pattern)
  subscriptions.remove(pattern, subscriber)
  for (const place of live.places.values()) place.remove(subscriber)
  return true
}

/** Takes a pattern from a session for good. */
export function unsubscribe(
  { subscriptions, topics, publisher }: HydrogenContext,
  live: LiveSession,
  pattern: string,
): boolean {
  const had = removeSubscriber(subscriptions, live, pattern)
  const topic = had ? topics.peek(pattern) : undefined
  if (topic !== undefined) publisher.left(topic, live)
  for (const place of [...live.places.values()]) if (place.subscribers.length === 0) live.forget(place)
  return live.session.unsubscribe(pattern) || had
}

/** Where a session is in a topic of which it knows nothing, or what it says. */
export interface Placed {
  readonly answer: TopicAnswer
  readonly place: TopicPlace
}

/**
 * Puts a session into a topic: at the client's position, or where the topic is. Where its events are acknowledged, what
 * counts is what was taken for delivery. What the client is behind comes when `replay` is called, after the answer.
 */
export function placeIn(
  context: HydrogenContext,
  subscriber: Subscriber,
  topic: Topic,
  said: ClientPosition | undefined,
): Placed {
  const { live } = subscriber
  const state = topic.history.state(context.clock.now())
  const ack = subscriber.record.ack ?? topic.settings.ack
  const before = live.places.get(topic.name)
  const accepted = live.hasDelivery ? live.delivery.acceptedUpTo(topic.name) : undefined
  // A client that is told of the new epoch can make nothing of events of the old one.
  if (accepted !== undefined && accepted.epoch !== state.epoch) live.delivery.forget(topic.name, 'epoch')
  // What it had here without acknowledgments it is not to acknowledge afterwards.
  const begins = before?.ack === false
  const taken = accepted?.epoch === state.epoch && !begins ? accepted : undefined
  const from = ack && taken ? { ...taken, partial: true } : said
  const answer = withMissing(answerPosition(state, from), live, topic.name)
  const place = placeOf(subscriber, topic, answer.offset)
  place.add(subscriber)
  live.places.set(topic.name, place)
  if (ack) startDelivery(place, answer.offset, begins)
  const after = ack
    ? (answer.gap?.from ?? answer.offset + 1) - 1
    : Math.min(taken?.offset ?? answer.offset, answer.offset)
  if (after < topic.history.top) live.recover(place, after, topic.history.top)
  return { answer, place }
}

/** Up to where a session was given the events of a topic that it is in, to be acknowledged or not. */
export function reached(live: LiveSession, { topic, epoch, position }: TopicPlace): ClientPosition {
  const accepted = live.hasDelivery ? live.delivery.acceptedUpTo(topic) : undefined
  const offered = accepted?.epoch === epoch ? accepted.offset : 0
  return { epoch, offset: Math.max(position.delivered, offered) }
}

/** What was to be delivered and is lost is a gap of the answer. */
function withMissing(answer: TopicAnswer, { missing }: LiveSession, topic: string): TopicAnswer {
  const lost = missing?.get(topic)
  if (lost === undefined) return answer
  missing!.delete(topic)
  const gap = answer.gap
    ? { from: Math.min(lost.from, answer.gap.from), to: Math.max(lost.to, answer.gap.to) }
    : lost
  return { ...answer, recovered: false, reason: 'gap', gap }
}
