/**
 * Verbs that change nothing: `history`, `presence`, `status`, `ping`.
 * @module
 */
import type { AdmittedIdentity } from '../../auth/identity.ts'
import { HydrogenError } from '../../errors.ts'
import { isTopic } from '../../topics/name.ts'
import type { HydrogenContext } from '../context.ts'
import type { LivePublication } from '../live-event.ts'
import { mayRead } from '../subscribing.ts'
import type { Topic } from '../topics.ts'
import { count, type Fields, fieldsOf, flag, text, type Verb } from './verb.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000
/** Characters of publications in one response, about. */
const MAX_LENGTH = 256 * 1024

/** The topic that is asked about. @throws {HydrogenError} `bad_topic`, `forbidden`. */
function nameOf(context: HydrogenContext, identity: AdmittedIdentity, fields: Fields): string {
  const name = text(fields, 'topic')
  if (!isTopic(name)) throw new HydrogenError('bad_topic', { field: 'data.topic' })
  if (!mayRead(context, identity, name)) throw new HydrogenError('forbidden', { field: 'data.topic' })
  return name
}

export interface HistoryRequest {
  readonly from?: number | undefined
  readonly limit?: number | undefined
  readonly reverse?: boolean | undefined
  /** Of what was published for some users only, those of this one. */
  readonly user?: string | undefined
}

/** A page of a topic's history, as JSON text. */
export function historyPage(
  topic: Topic,
  { from, limit, reverse, user }: HistoryRequest,
  now: number,
): string {
  const { epoch, top, first } = topic.history.state(now)
  const publications: string[] = []
  let length = 0
  for (const publication of topic.history.read({ from, limit: limit ?? DEFAULT_LIMIT, reverse }, now)) {
    if (user !== undefined && publication.frame.to !== undefined && !publication.frame.to.has(user)) continue
    const entry = entryOf(publication)
    length += entry.length
    if (length > MAX_LENGTH && publications.length > 0) break
    publications.push(entry)
  }
  const head = JSON.stringify({ topic: topic.name, epoch, top, first })
  return `${head.slice(0, -1)},"publications":[${publications.join(',')}]}`
}

/** The event as it was sent, with its attributes. */
function entryOf({ frame, attributes }: LivePublication): string {
  if (attributes === undefined) return frame.plain
  return `${frame.open},"attributes":${JSON.stringify(attributes)}}`
}

export const history: Verb = {
  async run(context, connection, command, respond) {
    const fields = fieldsOf(command)
    const live = connection.live!
    // Who only looks brings no topic into being: there is no end to the names of those that do not exist.
    const topic = await context.topics.find(nameOf(context, live.identity, fields))
    if (topic === undefined) throw new HydrogenError('unknown_topic', { field: 'data.topic' })
    const from = count(fields, 'from', 0)
    const limit = count(fields, 'limit', 0, MAX_LIMIT)
    const request = { from, limit, reverse: flag(fields, 'reverse'), user: live.session.user }
    respond(JSON.parse(historyPage(topic, request, context.clock.now())))
  },
}

export const presence: Verb = {
  run(context, connection, command, respond) {
    const fields = fieldsOf(command)
    const topic = nameOf(context, connection.live!.identity, fields)
    if (!context.settings.topic(topic).presence)
      throw new HydrogenError('bad_value', {
        message: 'Presence is not kept of this topic',
        field: 'data.topic',
      })
    const { connections, users } = context.publisher.presence(topic)
    respond({ topic, connections, ...(flag(fields, 'users') !== false && { users }) })
  },
}

export const status: Verb = {
  run(context, _connection, _command, respond) {
    if (context.settings.status === undefined) throw new HydrogenError('unknown_action')
    respond(context.status())
  },
}

export const ping: Verb = {
  run(context, _connection, _command, respond) {
    respond({ time: new Date(context.clock.now()).toISOString() })
  },
}
