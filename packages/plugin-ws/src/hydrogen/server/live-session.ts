/**
 * A session with what it has in this worker: its connection, its subscriptions, and what is on its way to it.
 * @module
 */
import type { AdmittedIdentity } from '../auth/identity.ts'
import type { Clock } from '../clock.ts'
import { Delivery, type DeliveryOptions } from '../delivery/index.ts'
import type { Deliverable, End, EndReason } from '../delivery/message.ts'
import type { AckEnvelope, Gap } from '../envelope/types.ts'
import type { HydrogenErrorCode } from '../errors.ts'
import { DEFAULT_LIVE_BUFFER, TopicRecovery } from '../recovery/index.ts'
import type { Session } from '../session/session.ts'
import { SmallMap } from '../small-map.ts'
import type { HydrogenConnection } from './connection.ts'
import type { Ids } from './ids.ts'
import { gapEvent, type LiveEvent, type LivePublication } from './live-event.ts'
import type { Subscriber, TopicPlace } from './subscriber.ts'

/** What all sessions of a server share. */
export interface SessionSurroundings {
  readonly clock: Clock
  readonly ids: Ids
  readonly delivery: Partial<DeliveryOptions>
  /** Something of it is to be kept. */
  changed(live: LiveSession): void
  ended(live: LiveSession, event: Deliverable<LiveEvent>, end: End, reason: EndReason): void
}

/** Bytes that a receiver's own parts add to an event: seq, attempt, prev, gap. */
const PARTS_BYTES = 96

export class LiveSession {
  readonly session: Session
  identity: AdmittedIdentity
  /** Undefined while it has none. */
  connection: HydrogenConnection | undefined
  /** The client has its token: it may come back. */
  resumable = false
  /** By pattern. */
  readonly subscribers = new SmallMap<Subscriber>()
  /** By topic. */
  readonly places = new SmallMap<TopicPlace>()
  /** Where the topic is ahead of the client. */
  recovering: Set<TopicPlace> | undefined
  /** The last publication that was given to it. */
  stamp = 0
  /** It comes from the store: what happened since it was last saved there is not known. */
  restored = false
  /** Offsets by topic that were to be delivered and are not kept any more. */
  missing: Map<string, Gap> | undefined
  /** It has commands whose responses the owner keeps too. */
  numbered = false
  readonly #surroundings: SessionSurroundings
  #delivery: Delivery<LiveEvent> | undefined

  constructor(session: Session, identity: AdmittedIdentity, surroundings: SessionSurroundings) {
    this.session = session
    this.identity = identity
    this.#surroundings = surroundings
  }

  get unacked(): number {
    return this.#delivery === undefined ? 0 : this.#delivery.unacked + this.#delivery.pending
  }

  /** Made when there is something to acknowledge: most sessions have nothing. */
  get delivery(): Delivery<LiveEvent> {
    this.#delivery ??= this.#newDelivery()
    return this.#delivery
  }

  get hasDelivery(): boolean {
    return this.#delivery !== undefined
  }

  /** What is to be delivered is sent; the client has all that was sent before up to `received`. */
  startDelivery(received: number): void {
    this.#delivery?.connect(received)
  }

  /** Its connection is gone. */
  detach(): void {
    this.connection = undefined
    this.recovering = undefined
    for (const place of this.places.values()) place.recovery = undefined
    this.#delivery?.disconnect()
  }

  /** It is over: what was on its way has nowhere to go. */
  end(): void {
    this.detach()
    this.session.end()
    this.#delivery?.expire()
  }

  /** Gives the client a publication that it wants; false: it was not taken. */
  deliver(place: TopicPlace, publication: LivePublication): boolean {
    const { connection } = this
    if (connection === undefined) return false
    const { frame: event, offset } = publication
    if (place.ack || event.ack) return this.#offer(place, event, offset)
    if (offset <= place.known) return true
    const prev = place.position.deliver(offset)
    return connection.sendEvent(place, event, offset, prev)
  }

  /** Follows the topic from where the client is to where the topic is. */
  recover(place: TopicPlace, after: number, top: number): void {
    place.recovery = new TopicRecovery<LivePublication>(
      {
        publication: publication => {
          if (place.wants(publication)) this.deliver(place, publication)
          else place.position.hold(publication.offset)
        },
        gap: gap => this.#tellGap(place, gap),
      },
      after,
      top,
      DEFAULT_LIVE_BUFFER,
    )
    this.recovering ??= new Set()
    this.recovering.add(place)
  }

  acknowledge(ack: AckEnvelope): HydrogenErrorCode | undefined {
    if (this.#delivery === undefined)
      return ack.upto === undefined || ack.upto === 0 ? undefined : 'ack_ahead'
    const fault = this.#delivery.acknowledge(ack)
    if (fault === undefined) this.#surroundings.changed(this)
    return fault
  }

  /** The topic is no longer wanted. */
  forget(place: TopicPlace): void {
    this.places.delete(place.topic)
    this.recovering?.delete(place)
    this.#delivery?.forget(place.topic)
  }

  #offer(place: TopicPlace, event: LiveEvent, offset: number): boolean {
    const { topic, epoch, lane, strict } = place
    const { id, bytes } = event
    const offered = this.delivery.offer({ id, topic, epoch, offset, lane, bytes, strict, frame: event })
    if (offered === 'refused') this.connection?.overflow(lane >= 2 ? 'slow' : 'overflow')
    else this.#surroundings.changed(this)
    return offered !== 'refused'
  }

  #tellGap(place: TopicPlace, gap: Gap): void {
    const { clock, ids } = this.#surroundings
    const { topic, epoch, position } = place
    if (place.ack) {
      this.#offer(place, gapEvent(ids.next(), clock.now(), topic, epoch, gap, true), gap.to)
      return
    }
    if (gap.to <= place.known) return
    position.skip(gap.to)
    this.connection?.sendGap(place, gap)
  }

  #newDelivery(): Delivery<LiveEvent> {
    const { clock, delivery: options } = this.#surroundings
    const delivery = new Delivery<LiveEvent>(
      clock,
      {
        send: (message, attempt, again) => {
          const { frame, lane, topic, offset, epoch } = message
          const entry = { frame: { event: frame, attempt, epoch }, bytes: frame.bytes + PARTS_BYTES }
          this.connection?.enqueue(lane, again ? entry : { ...entry, topic, offset }, again)
        },
        ended: (message, end, reason) => this.#surroundings.ended(this, message, end, reason),
      },
      options,
    )
    if (this.connection !== undefined) delivery.connect()
    return delivery
  }
}
