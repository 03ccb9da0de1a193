/**
 * `resume`: a session goes on over another connection.
 * @module
 */
import type { AdmittedIdentity } from '../../auth/identity.ts'
import type { CommandEnvelope } from '../../envelope/types.ts'
import { HydrogenError, type WireError, wireError } from '../../errors.ts'
import { type ClientPosition, positionOf, type TopicAnswer } from '../../recovery/index.ts'
import { covers, hasWildcard, isTopic, parsePattern } from '../../topics/name.ts'
import { identify } from '../commands.ts'
import type { HydrogenConnection } from '../connection.ts'
import type { HydrogenContext } from '../context.ts'
import type { LiveSession } from '../live-session.ts'
import type { TopicPlace } from '../subscriber.ts'
import { addSubscriber, existing, matches, mayRead, placeIn } from '../subscribing.ts'
import type { Topic } from '../topics.ts'
import { describe } from './connect.ts'
import { identityFor } from './identity.ts'
import { count, fieldsOf, text, type Verb } from './verb.ts'

type Said = Readonly<Record<string, unknown>>

/** Numbers beyond those that are known, which a client may have seen before the worker was lost. */
const MAX_AHEAD = 1 << 20

export const resume: Verb = {
  authenticates: true,
  async run(context, connection, command, respond) {
    const asked = readRequest(command)
    const identity = await identityFor(context, connection, command)
    const live = await find(context, connection, asked.token, identity)
    const received = checkReceived(live, asked.received)
    checkAnswered(live, asked.answered)
    const { token, generation, revoked } = take(context, connection, live, asked.token, identity)
    const names = wantedTopics(context, live, asked.topics)
    let topics: Map<string, Topic>
    try {
      topics = await openAll(context, names)
      await context.sessions.save(live)
    } catch (error) {
      context.sessions.detach(live, generation)
      throw error
    }
    if (!live.session.isCurrent(generation)) return connection.shut('replaced')
    if (connection.ended) return context.sessions.detach(live, generation)
    identify(connection, identity)
    const answers = place(context, live, topics, asked.topics)
    context.attach(connection, live)
    respond({
      ...describe(context, live, token),
      cseq: live.session.commands.seen,
      received,
      topics: answers,
      subscriptions: Array.from(live.session.subscriptions, ({ pattern, ...rest }) => ({
        topic: pattern,
        ...rest,
      })),
      revoked,
    })
    for (const [name, topic] of topics) if (live.subscribers.has(name)) context.publisher.joined(topic, live)
    context.start(live, received)
  },
}

function readRequest(command: CommandEnvelope): {
  token: string
  topics: Said
  received: number
  answered: number
} {
  const fields = fieldsOf(command)
  const { topics = {} } = fields
  if (typeof topics !== 'object' || topics === null || Array.isArray(topics))
    throw new HydrogenError('mistyped_field', { field: 'data.topics' })
  return {
    token: text(fields, 'token'),
    topics: topics as Said,
    received: count(fields, 'received', 0) ?? 0,
    answered: count(fields, 'cseq', 0) ?? 0,
  }
}

async function find(
  context: HydrogenContext,
  connection: HydrogenConnection,
  token: string,
  { user }: AdmittedIdentity,
): Promise<LiveSession> {
  if (connection.live !== undefined)
    throw new HydrogenError('bad_value', {
      message: 'The connection has a session already',
      field: 'data.token',
    })
  const live = await context.sessions.find(token, user)
  if (live !== undefined) return live
  context.metrics.resumes.failed++
  throw new HydrogenError('session_unknown')
}

/** Events that the client has; what came to it from a worker that is lost may not be known here. */
function checkReceived(live: LiveSession, received: number): number {
  if (live.restored && received <= (live.hasDelivery ? live.delivery.lastSeq : 0) + MAX_AHEAD) {
    if (received > 0) live.delivery.skipTo(received)
    return received
  }
  if (received > (live.hasDelivery ? live.delivery.lastSeq : 0)) throw new HydrogenError('ack_ahead')
  return received
}

/** Commands of which the client has responses; those of a worker that is lost may not be known here. */
function checkAnswered({ restored, session }: LiveSession, cseq: number): void {
  if (cseq <= session.commands.seen) return
  if (!restored || !session.commands.skipTo(cseq))
    throw new HydrogenError('bad_value', { message: 'The server never saw that command', field: 'data.cseq' })
}

/** The session is this connection's from now on; the one before it is closed before anything else happens. */
function take(
  context: HydrogenContext,
  connection: HydrogenConnection,
  live: LiveSession,
  token: string,
  identity: AdmittedIdentity,
): { token: string; generation: number; revoked: readonly string[] } {
  if (connection.ended) throw new HydrogenError('replaced')
  const { sessions, metrics, clock } = context
  const before = live.connection
  const resumed = live.session.resume(token, identity, clock.now(), pattern =>
    mayRead(context, identity, pattern),
  )
  if (resumed.error !== undefined) {
    metrics.resumes.failed++
    if (resumed.error === 'session_reused') {
      before?.shut('sessionEnded')
      sessions.end(live)
      void sessions.flush()
    }
    throw new HydrogenError(resumed.error)
  }
  before?.shut('replaced')
  live.detach()
  live.identity = identity
  forgetUnwanted(context, live)
  return resumed
}

/** What is no longer subscribed to, or no longer allowed, is not delivered any more. */
function forgetUnwanted(context: HydrogenContext, live: LiveSession): void {
  const wants = wantedBy(live)
  const isUnwanted = (topic: string): boolean => !wants(topic) || !mayRead(context, live.identity, topic)
  for (const place of [...live.places.values()]) if (isUnwanted(place.topic)) live.forget(place)
  if (live.hasDelivery)
    for (const topic of [...live.delivery.topics()]) if (isUnwanted(topic)) live.delivery.forget(topic)
}

/** Whether one of the session's patterns matches a topic. */
function wantedBy({ session }: LiveSession): (topic: string) => boolean {
  const exact = new Set<string>()
  const wild: (readonly string[])[] = []
  for (const { pattern } of session.subscriptions)
    if (hasWildcard(pattern)) wild.push(parsePattern(pattern)!)
    else exact.add(pattern)
  return topic => exact.has(topic) || (wild.length > 0 && matchesAny(wild, topic.split('.')))
}

function matchesAny(patterns: readonly (readonly string[])[], tokens: readonly string[]): boolean {
  for (const pattern of patterns) if (covers(pattern, tokens)) return true
  return false
}

/** Topics of the session's patterns: those with a position, those it names, and those that exist. */
function wantedTopics(context: HydrogenContext, live: LiveSession, said: Said): Set<string> {
  const { subscriptions } = context.settings.limits
  const wants = wantedBy(live)
  const wanted = new Set<string>(live.places.keys())
  for (const name of Object.keys(said)) if (isTopic(name) && wants(name)) wanted.add(name)
  for (const { pattern } of live.session.subscriptions)
    if (!hasWildcard(pattern)) wanted.add(pattern)
    else for (const name of existing(context, live.identity, pattern, subscriptions)) wanted.add(name)
  return wanted
}

async function openAll({ topics }: HydrogenContext, names: Iterable<string>): Promise<Map<string, Topic>> {
  const opened = new Map<string, Topic>()
  for (const name of names) {
    const topic = topics.open(name)
    opened.set(name, topic instanceof Promise ? await topic : topic)
  }
  return opened
}

/** Puts the session into its topics; each is answered for itself. */
function place(
  context: HydrogenContext,
  live: LiveSession,
  topics: ReadonlyMap<string, Topic>,
  said: Said,
): Record<string, TopicAnswer | { error: WireError }> {
  const answers: Record<string, TopicAnswer | { error: WireError }> = Object.create(null)
  const before = new Map(live.places.entries())
  live.places.clear()
  for (const record of live.session.subscriptions) addSubscriber(context, live, record)
  const wild = [...live.subscribers.values()].filter(({ isWild }) => isWild)
  let recovered = true
  for (const [name, topic] of topics) {
    const exact = live.subscribers.get(name)
    const subscribers = wild.filter(({ record }) => matches(record.pattern, name))
    if (exact !== undefined) subscribers.unshift(exact)
    const [first] = subscribers
    if (first === undefined || (first.isWild && !mayRead(context, live.identity, name))) continue
    const position = positionIn(topic, said[name], before.get(name), first.isWild)
    const { answer, place: found } = placeIn(context, first, topic, position)
    if (position?.heldAfter !== undefined && answer.recovered && answer.offset === position.offset)
      found.position.heldAfter(position.heldAfter)
    for (const other of subscribers) found.add(other)
    answers[name] = answer
    recovered &&= answer.recovered || !answer.wasRecovering
  }
  for (const name of Object.keys(said))
    if (!(name in answers))
      answers[name] = { error: wireError(isTopic(name) ? 'unknown_topic' : 'bad_topic') }
  context.metrics.resumes[recovered ? 'recovered' : 'partly']++
  return answers
}

interface ResumedPosition extends ClientPosition {
  /** What the client says, where the rest was held back. */
  readonly heldAfter?: number
}

/**
 * What a client says; of a topic whose answer it never saw, where it was put; of one that came to be meanwhile, the
 * beginning. What a filter held back behind the client's position counts as seen.
 */
function positionIn(
  { history }: Topic,
  said: unknown,
  before: TopicPlace | undefined,
  isWild: boolean,
): ResumedPosition | undefined {
  const position = said === undefined ? undefined : positionOf(said)
  if (position === undefined) {
    if (before !== undefined) return { epoch: before.epoch, offset: before.known, partial: true }
    return isWild ? { epoch: history.epoch, offset: 0, partial: true } : undefined
  }
  if (before?.epoch === position.epoch && before.position.delivered === position.offset)
    return { ...position, offset: before.position.offset, heldAfter: position.offset }
  return position
}
