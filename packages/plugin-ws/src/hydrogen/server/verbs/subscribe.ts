/**
 * `subscribe` and `unsubscribe`.
 * @module
 */
import type { Lane } from '../../envelope/types.ts'
import { HydrogenError } from '../../errors.ts'
import { type ClientPosition, positionOf, type TopicAnswer } from '../../recovery/index.ts'
import type { SubscriptionRecord } from '../../session/record.ts'
import { checkFilter, FilterError } from '../../topics/filter.ts'
import { hasWildcard, isTopic, parsePattern } from '../../topics/name.ts'
import type { HydrogenContext } from '../context.ts'
import type { LiveSession } from '../live-session.ts'
import {
  addSubscriber,
  existing,
  matches,
  mayRead,
  placeIn,
  reached,
  unsubscribe as take,
} from '../subscribing.ts'
import type { Topic } from '../topics.ts'
import { count, fieldsOf, flag, text, type Verb } from './verb.ts'

/** Topics of a pattern whose positions are told. */
const MAX_TOLD = 256

export const subscribe: Verb = {
  async run(context, connection, command, respond) {
    const fields = fieldsOf(command)
    const record = recordOf(fields)
    const wantsLast = flag(fields, 'last')
    const live = connection.live!
    check(context, live, record)
    const wild = hasWildcard(record.pattern)
    const positions = wild ? positionsOf(fields) : new Map([[record.pattern, positionIn(fields)]])
    const names = wild ? existing(context, live.identity, record.pattern, MAX_TOLD) : [record.pattern]
    const truncated = names.length > MAX_TOLD
    const wanted = new Set(names.slice(0, MAX_TOLD))
    for (const name of positions.keys())
      if (isTopic(name) && matches(record.pattern, name) && mayRead(context, live.identity, name))
        wanted.add(name)
    const topics: Topic[] = []
    for (const name of wanted) topics.push(await context.topics.open(name))
    const before = [...live.session.subscriptions].find(({ pattern }) => pattern === record.pattern)
    live.session.subscribe(record)
    if (live.resumable) {
      try {
        await context.sessions.save(live)
      } catch (error) {
        if (before) live.session.subscribe(before)
        else live.session.unsubscribe(record.pattern)
        throw error
      }
    }
    if (connection.ended || connection.live !== live) return
    const subscriber = addSubscriber(context, live, record)
    const isNew = wild || !live.places.has(record.pattern)
    const answers: [Topic, TopicAnswer][] = topics.map(topic => {
      const known = live.places.get(topic.name)
      const from = positions.get(topic.name) ?? (known && reached(live, known))
      const { answer, place } = placeIn(context, subscriber, topic, from)
      for (const other of known?.subscribers ?? []) place.add(other)
      if (known !== undefined) live.recovering?.delete(known)
      return [topic, answer]
    })
    const [[, answer] = []] = answers
    respond(
      wild
        ? {
            topic: record.pattern,
            topics: Object.fromEntries(answers.map(([{ name }, one]) => [name, one])),
            ...(truncated && { truncated }),
          }
        : { topic: record.pattern, ...answer },
    )
    for (const [topic, { wasRecovering }] of answers)
      if (!wasRecovering && (wantsLast ?? topic.settings.last)) sendLast(context, live, topic)
    if (!wild && isNew) context.publisher.joined(topics[0]!, live)
    context.start(live)
  },
}

/** Where a client says it is in the topic that it subscribes to. */
function positionIn({ position }: Readonly<Record<string, unknown>>): ClientPosition | undefined {
  if (position === undefined) return undefined
  const place = positionOf(position)
  if (place === undefined) throw new HydrogenError('mistyped_field', { field: 'data.position' })
  return place
}

/** Where it says it is in topics of a pattern that it knows. */
function positionsOf({ positions = {} }: Readonly<Record<string, unknown>>): Map<string, ClientPosition> {
  if (typeof positions !== 'object' || positions === null || Array.isArray(positions))
    throw new HydrogenError('mistyped_field', { field: 'data.positions' })
  const places = new Map<string, ClientPosition>()
  for (const [name, value] of Object.entries(positions)) {
    const place = positionOf(value)
    if (place === undefined) throw new HydrogenError('mistyped_field', { field: 'data.positions' })
    places.set(name, place)
  }
  return places
}

export const unsubscribe: Verb = {
  async run(context, connection, command, respond) {
    const pattern = text(fieldsOf(command), 'topic')
    const live = connection.live!
    if (!take(context, live, pattern)) throw new HydrogenError('unknown_topic')
    if (live.resumable) await context.sessions.save(live)
    respond({ topic: pattern })
  },
}

/** Subscribes a session at the program's wish; undefined: it may not have that. */
export async function subscribeSession(
  context: HydrogenContext,
  live: LiveSession,
  pattern: string,
): Promise<boolean> {
  const record: SubscriptionRecord = { pattern }
  if (parsePattern(pattern) === undefined || !mayRead(context, live.identity, pattern)) return false
  const topic = hasWildcard(pattern) ? undefined : await context.topics.open(pattern)
  live.session.subscribe(record)
  context.sessions.changed(live)
  if (live.connection === undefined) return true
  const subscriber = addSubscriber(context, live, record)
  if (topic !== undefined && !live.places.has(topic.name)) {
    placeIn(context, subscriber, topic, undefined)
    context.publisher.joined(topic, live)
  }
  return true
}

function recordOf(fields: Readonly<Record<string, unknown>>): SubscriptionRecord {
  const pattern = text(fields, 'topic')
  const lane = count(fields, 'lane', 1, 3) as Lane | undefined
  const ack = flag(fields, 'ack')
  try {
    return {
      pattern,
      ...(fields.filter !== undefined && { filter: checkFilter(fields.filter) }),
      ...(lane !== undefined && { lane }),
      ...(ack !== undefined && { ack }),
    }
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    throw new HydrogenError('bad_filter', { message: error.message, field: 'data.filter' })
  }
}

function check(context: HydrogenContext, live: LiveSession, { pattern, ack }: SubscriptionRecord): void {
  if (parsePattern(pattern) === undefined) throw new HydrogenError('bad_topic', { field: 'data.topic' })
  if (!mayRead(context, live.identity, pattern)) throw new HydrogenError('forbidden', { field: 'data.topic' })
  if (ack && !hasWildcard(pattern) && context.settings.topic(pattern).history.maxCount === 0)
    throw new HydrogenError('bad_value', {
      message: 'Nothing of this topic is kept: it cannot be acknowledged',
      field: 'data.ack',
    })
  const { session } = live
  let size = 0
  for (const subscription of session.subscriptions) {
    if (subscription.pattern === pattern) return
    size++
  }
  if (size >= context.settings.limits.subscriptions) throw new HydrogenError('too_many_subscriptions')
}

/** The last value, at once. It is before the client's position, and moves nothing. */
function sendLast({ clock }: HydrogenContext, live: LiveSession, topic: Topic): void {
  const last = topic.history.last(clock.now())
  const place = live.places.get(topic.name)
  if (last === undefined || place === undefined || !place.wants(last)) return
  live.connection?.send(place.lane, last.frame.plain)
}
