/**
 * What comes from the topics: whose it is, whether something is missing, and what became of it.
 * @module
 */
import type { AckKind, EventEnvelope } from '../envelope/types.ts'
import type { TopicAnswer } from '../recovery/answer.ts'
import type { SendAck } from './acks.ts'
import type { Answered } from './calls.ts'
import { Deliveries } from './deliveries.ts'
import { fault, told } from './error.ts'
import { HydrogenEvent, type Settle } from './event.ts'
import { isPattern, matches, Patterns } from './patterns.ts'
import { isPlaced, type Missed, type Placed, Positions, type TopicPosition } from './positions.ts'
import { type ResumeAnswer, topicsFor } from './session.ts'
import {
  ActiveSubscription,
  type EventHandler,
  type Presence,
  type SubscribeOptions,
} from './subscription.ts'

/** Of the positions in a pattern's subscription. */
const MAX_BYTES = 65_536

/** What the feed needs of its client. */
export interface FeedHost {
  ack: SendAck
  /** A command of the client's own, on this connection or on whichever there is. */
  call(once: boolean, action: string, data: unknown, answered: Answered): void
  gap(missed: Missed): void
  event(event: HydrogenEvent): void
  error(error: unknown): void
  tokenExpires(): void
}

type SubscribeAnswer =
  | (TopicAnswer & { topic: string; topics?: undefined })
  | { topics: Readonly<Record<string, TopicAnswer>>; truncated?: boolean }

/** Told on channel `system`; none of them is a publication. */
const NOTICES = new Set(['gap', 'join', 'leave', 'revoked', 'token_expiring'])

export class Feed {
  readonly positions = new Positions()
  readonly deliveries: Deliveries
  readonly #host: FeedHost
  readonly #patterns = new Patterns<ActiveSubscription>()

  constructor(host: FeedHost) {
    this.#host = host
    this.deliveries = new Deliveries(host.ack)
  }

  isPartial(topic: string): boolean {
    return this.#patterns.matching(topic).some(({ options }) => options.partial)
  }

  /** False: something is missing before this event, and nobody said so. */
  event(envelope: EventEnvelope): boolean {
    const since = this.deliveries.since(envelope)
    if (since !== undefined) {
      this.#repeat(envelope, since)
      return true
    }
    const { topic, channel, action, offset, gap } = envelope
    const subscriptions = topic === undefined ? [] : this.#patterns.matching(topic)
    if (isPlaced(envelope)) {
      const before = this.positions.get(topic!)?.offset ?? 0
      const placed = envelope as Placed
      if (!this.positions.follow(placed, subscriptions.some(startsWithTopic))) return false
      if (gap && gap.to > before)
        this.#miss({ topic: placed.topic, epoch: placed.epoch, reason: 'dropped', ...gap })
    }
    if (channel !== 'system' || offset !== undefined || !NOTICES.has(action))
      this.#give(envelope, subscriptions)
    else {
      this.#give(envelope, [])
      this.#notice(envelope)
    }
    return true
  }

  subscribe(
    topic: string,
    options: SubscribeOptions,
    handler: EventHandler<any> | undefined,
  ): Promise<ActiveSubscription> {
    const subscription = new ActiveSubscription(
      {
        position: name => this.positions.get(name),
        unsubscribe: one => this.#unsubscribe(one),
        failed: error => this.#host.error(error),
      },
      topic,
      options,
      handler,
    )
    subscription.since = this.deliveries.now
    this.#patterns.add(topic, subscription)
    const request = requestOf(subscription, { position: options.position, last: options.last })
    return new Promise((resolve, reject) => {
      this.#host.call(false, 'subscribe', request, {
        done: answer => {
          subscription.established = true
          this.#answered(subscription, answer, false)
          resolve(subscription)
        },
        failed: error => {
          reject(error)
          // The server may have it nevertheless.
          if (error.code === 'timed_out') void this.#unsubscribe(subscription)
          else this.#remove(subscription, error)
        },
      })
    })
  }

  /** The session goes on. */
  resume({ topics, received, revoked, subscriptions }: ResumeAnswer): void {
    const known = new Set(subscriptions.map(({ topic }) => topic))
    this.revoke(revoked)
    for (const [topic, answer] of Object.entries(topics)) {
      const again = this.#patterns.matching(topic).some(one => !known.has(one.topic))
      if (!('error' in answer)) this.#place(topic, answer, true)
      else if (!again) this.#host.error(told(answer.error))
    }
    this.deliveries.resume(received)
    for (const pattern of [...this.#patterns]) if (!known.has(pattern)) this.#subscribeAgain(pattern)
  }

  /** Another session, which has no subscriptions yet. */
  restart(): void {
    this.deliveries.reset()
    for (const pattern of [...this.#patterns]) this.#subscribeAgain(pattern)
  }

  /** Patterns that are no longer allowed. */
  revoke(patterns: readonly string[]): void {
    for (const pattern of patterns)
      for (const subscription of this.#patterns.of(pattern)) {
        const error = fault('revoked', 'The permission was withdrawn', { topic: pattern })
        this.#remove(subscription, error)
        this.#host.error(error)
      }
  }

  end(error: Error | undefined): void {
    this.deliveries.stop()
    for (const subscription of this.#patterns.all()) this.#remove(subscription, error)
  }

  #subscribeAgain(pattern: string): void {
    const subscription = this.#patterns.of(pattern).findLast(({ established }) => established)
    if (subscription === undefined) return
    const known = this.#known(pattern)
    const where = isPattern(pattern)
      ? { positions: topicsFor(known, () => subscription.options.partial === true, MAX_BYTES) }
      : { position: known[0]?.[1] }
    this.#host.call(true, 'subscribe', requestOf(subscription, where), {
      done: answer => this.#answered(subscription, answer, true),
      failed: error => {
        for (const one of this.#patterns.of(pattern)) this.#remove(one, error)
        this.#host.error(error)
      },
    })
  }

  /** Where the client is in the topics of a pattern, as far as events have really come. */
  #known(pattern: string): [string, TopicPosition][] {
    const known: [string, TopicPosition][] = []
    const tokens = pattern.split('.')
    for (const [topic, { epoch, offset }] of this.positions)
      if (matches(tokens, topic.split('.')))
        known.push([topic, { epoch, offset: this.deliveries.wanted(topic, offset) }])
    return known
  }

  #answered(subscription: ActiveSubscription, answer: SubscribeAnswer, anew: boolean): void {
    if (subscription.ended) return
    if (answer.topics === undefined) return this.#place(answer.topic, answer, anew)
    subscription.startsWithTopic = !answer.truncated
    for (const [topic, one] of Object.entries(answer.topics)) this.#place(topic, one, anew)
  }

  #place(topic: string, answer: TopicAnswer, anew: boolean): void {
    const missed = this.positions.answer(topic, answer, anew)
    if (missed) this.#miss(missed)
  }

  #miss(missed: Missed): void {
    for (const subscription of this.#patterns.matching(missed.topic)) subscription.emit('gap', missed)
    this.#host.gap(missed)
  }

  /** An event that came before is new to the subscriptions that were made since. */
  #repeat(envelope: EventEnvelope, since: number): void {
    this.deliveries.repeat(envelope)
    if (envelope.topic === undefined) return
    for (const subscription of this.#patterns.matching(envelope.topic))
      if (subscription.since >= since) subscription.push(new HydrogenEvent(envelope))
  }

  #give(envelope: EventEnvelope, subscriptions: readonly ActiveSubscription[]): void {
    const { deliveries } = this
    const manual = subscriptions.some(one => one.manual)
    const receipt = deliveries.take(envelope, manual)
    const settle: Settle | undefined = receipt && ((kind, delay) => deliveries.settle(receipt, kind, delay))
    const event = new HydrogenEvent(envelope, settle)
    this.#host.event(event)
    if (subscriptions.length === 0) return event.ack()
    if (subscriptions.length === 1 || !settle) {
      for (const subscription of subscriptions) subscription.push(event)
      return
    }
    let open = subscriptions.length
    for (const subscription of subscriptions) {
      const last = (kind: AckKind, delay?: number): void => {
        if (kind !== 'ack' || --open === 0) settle(kind, delay)
      }
      subscription.push(new HydrogenEvent(envelope, once(last)))
    }
  }

  #notice({ action, topic, data }: EventEnvelope): void {
    if (action === 'token_expiring') this.#host.tokenExpires()
    if (action === 'revoked') this.revoke((data as { topics?: string[] } | undefined)?.topics ?? [])
    if (action !== 'join' && action !== 'leave') return
    const presence = { topic, ...(data as object) } as Presence
    for (const subscription of this.#patterns.matching(presence.topic)) subscription.emit(action, presence)
  }

  async #unsubscribe(subscription: ActiveSubscription): Promise<void> {
    if (!this.#remove(subscription)) return
    await new Promise<void>((resolve, reject) => {
      const failed: Answered['failed'] = error => {
        if (error.reason === 'unknown_topic' || error.reason === 'closed') resolve()
        else reject(error)
      }
      this.#host.call(false, 'unsubscribe', { topic: subscription.topic }, { done: () => resolve(), failed })
    })
  }

  /** True: there is no other of its pattern. */
  #remove(subscription: ActiveSubscription, error?: Error): boolean {
    const last = this.#patterns.remove(subscription.topic, subscription)
    subscription.end(error)
    for (const [topic] of this.positions)
      if (this.#patterns.matching(topic).length === 0) this.positions.delete(topic)
    return last
  }
}

const startsWithTopic = (subscription: ActiveSubscription): boolean => subscription.startsWithTopic

/** An acknowledgment counts once. */
function once(settle: Settle): Settle {
  let acked = false
  return (kind, delay) => {
    if (acked) return
    acked = kind === 'ack'
    settle(kind, delay)
  }
}

function requestOf(
  { topic, options }: ActiveSubscription,
  {
    position,
    ...more
  }: { position?: TopicPosition | undefined; positions?: object; last?: boolean | undefined },
): object {
  const { filter, lane, ack, partial } = options
  return {
    topic,
    filter,
    lane,
    ack: ack === undefined ? undefined : ack !== false,
    ...more,
    position: position && { ...position, partial },
  }
}
