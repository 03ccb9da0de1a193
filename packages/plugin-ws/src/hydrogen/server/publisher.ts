/**
 * What programs have sent to clients.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { Deliverable, End, EndReason } from '../delivery/index.ts'
import type { Message } from '../delivery/message.ts'
import type {
  Broadcasted,
  BroadcastWire,
  BroadcastWireOptions,
  DeadLetterWire,
  Published,
  PublishWire,
  PublishWireOptions,
} from '../wire.ts'
import { Confirmations } from './confirmations.ts'
import type { HydrogenConnection } from './connection.ts'
import type { HydrogenContext } from './context.ts'
import { FanOut } from './fan-out.ts'
import { type Draft, type LiveEvent, plainEvent } from './live-event.ts'
import type { LiveSession } from './live-session.ts'
import type { TopicPlace } from './subscriber.ts'
import { mayRead } from './subscribing.ts'
import type { Topic } from './topics.ts'

const CONFIRM_TIMEOUT = 30_000
const NO_PUBLISH_OPTIONS: PublishWireOptions = {}
const NO_BROADCAST_OPTIONS: BroadcastWireOptions = {}

export interface Presence {
  connections: number
  users: { user: string; connections: number }[]
}

export class Publisher {
  readonly #context: HydrogenContext
  readonly #fanOut: FanOut
  readonly #confirmations: Confirmations

  constructor(context: HydrogenContext) {
    this.#context = context
    this.#confirmations = new Confirmations(context.clock)
    this.#fanOut = new FanOut(context.subscriptions, ({ live }, topic) =>
      mayRead(context, live.identity, topic.name),
    )
  }

  /**
   * Resolves when the event will outlive this worker, if its topic is such a one, and has been given to all who are there.
   *
   * @throws {SocketError} `EMSGSIZE`, `EINVAL` for what the topic does not allow; what the store throws.
   */
  async publish([, name, data, channel, action, options]: PublishWire): Promise<Published> {
    const { topics, ids, metrics, clock } = this.#context
    const { ack, lane, to, key, attributes, confirm, timeout } = options ?? NO_PUBLISH_OPTIONS
    const topic = await topics.open(name)
    const { settings } = topic
    if (lane !== undefined && lane !== settings.lane)
      throw new SocketError('EINVAL', `lane: the events of ${name} have lane ${settings.lane}, all of them`)
    const wanted = (ack ?? settings.ack) || confirm !== undefined
    if (wanted && settings.history.maxCount === 0)
      throw new SocketError('EINVAL', `ack: nothing of ${name} is kept, so that nothing can be sent again`)
    if (key !== undefined && settings.history.maxCount === 0)
      throw new SocketError('EINVAL', `key: nothing of ${name} is kept, so that no repetition is known`)
    const draft: Draft = {
      id: ids.next(),
      channel: channel ?? name.split('.', 1)[0]!,
      action: action ?? 'message',
      data,
      attributes: attributes ?? null,
      to: to ?? null,
      ack: wanted,
    }
    this.#checkSize(data, settings.lane)
    const since = clock.now()
    const { epoch, offset, publication } = await topics.append(topic, draft, key)
    const published: Published = {
      epoch,
      offset,
      id: draft.id,
      duplicate: publication === undefined,
      matched: 0,
      queued: 0,
      dropped: 0,
    }
    if (publication === undefined) return published
    metrics.published++
    Object.assign(published, this.#fanOut.publish(topic, publication))
    metrics.deliveries += published.queued
    metrics.publishLatency.record(clock.now() - since)
    if (confirm === undefined) return published
    const confirmed = this.#confirmations.wait(
      draft.id,
      published.matched,
      confirm,
      timeout ?? CONFIRM_TIMEOUT,
    )
    return { ...published, confirmed: await confirmed }
  }

  /** An event without a topic: it has no offset, and is not kept. @throws {SocketError} `EMSGSIZE` */
  broadcast([, channel, action, data, options]: BroadcastWire): Broadcasted {
    const { ids, clock, connections } = this.#context
    const { lane = 2, to, conflate, fd } = options ?? NO_BROADCAST_OPTIONS
    this.#checkSize(data, lane)
    const event = plainEvent(ids.next(), clock.now(), channel, action, data)
    const users = to && new Set(to)
    const reach: Broadcasted = { matched: 0, queued: 0, dropped: 0 }
    for (const connection of connections) {
      if (connection.identity === undefined || connection.ended) continue
      if (fd !== undefined && connection.fd.fd !== fd) continue
      if (users !== undefined && !users.has(connection.identity.user)) continue
      reach.matched++
      if (connection.sendPlain(lane, event, conflate)) reach.queued++
      else reach.dropped++
    }
    this.#context.metrics.deliveries += reach.queued
    return reach
  }

  /** What became of an event that a session was to acknowledge. */
  ended(live: LiveSession, event: Deliverable<LiveEvent>, end: End, reason: EndReason): void {
    this.#confirmations.ended(event.id, end === 'acked')
    const handler = this.#context.settings.functions.deadLetter
    if (end === 'acked' || reason === 'ack' || handler === undefined || event.frame.gap !== undefined) return
    const { id, user } = live.session
    const attempts = (event as Partial<Message<LiveEvent>>).written ?? 0
    const wire: DeadLetterWire = ['dead', event.id, event.topic, event.offset, user, id, reason, attempts]
    this.#context.socket.emit(wire, { handler })
  }

  /** A session has come to a topic by its name. */
  joined(topic: Topic, live: LiveSession): void {
    if (topic.settings.presence) this.#tell(topic, 'join', live)
  }

  left(topic: Topic, live: LiveSession): void {
    if (topic.settings.presence) this.#tell(topic, 'leave', live)
  }

  /** Who has subscribed to a topic and has a connection. */
  presence(name: string): Presence {
    const users = new Map<string, number>()
    let connections = 0
    const seen = new Set<LiveSession>()
    this.#context.subscriptions.match(name, ({ live }) => {
      if (seen.has(live)) return
      seen.add(live)
      connections++
      users.set(live.session.user, (users.get(live.session.user) ?? 0) + 1)
    })
    return { connections, users: Array.from(users, ([user, count]) => ({ user, connections: count })) }
  }

  #tell(topic: Topic, action: 'join' | 'leave', live: LiveSession): void {
    const { ids, clock, subscriptions } = this.#context
    const data = JSON.stringify({ topic: topic.name, user: live.session.user })
    const event = plainEvent(ids.next(), clock.now(), 'system', action, data)
    const told = new Set<HydrogenConnection>()
    subscriptions.match(topic.name, ({ live: other }) => {
      if (other.connection !== undefined && other !== live) told.add(other.connection)
    })
    for (const connection of told) connection.sendPlain(topic.settings.lane, event)
  }

  /** What no receiver could ever have waiting is refused: it would be refused at every one of them. */
  #checkSize(data: string | null, lane: TopicPlace['lane']): void {
    const bytes = data === null ? 0 : Buffer.byteLength(data)
    const most = Math.floor(this.#context.settings.limits.lanes[lane].maxBytes / 2)
    if (bytes > most)
      throw new SocketError(
        'EMSGSIZE',
        `an event of ${bytes} bytes is more than the ${most} that its lane takes`,
      )
  }
}
