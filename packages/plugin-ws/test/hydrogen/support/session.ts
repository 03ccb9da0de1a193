/**
 * A session's delivery, the queue of its connection and a client at the other end of a wire that can be cut.
 * @module
 */
import {
  type Deliverable,
  Delivery,
  type DeliveryOptions,
  type End,
  type EndReason,
  type Offered,
} from '../../../src/hydrogen/delivery/index.ts'
import type { AckEnvelope, Lane } from '../../../src/hydrogen/envelope/index.ts'
import { Lanes } from '../../../src/hydrogen/lanes/index.ts'
import { FakeClock } from './fake-clock.ts'

/** What is queued for the connection. */
interface Sending {
  readonly event: Deliverable<string>
  readonly attempt: number
}

/** What arrives at the client. */
export interface Arrival {
  readonly id: string
  readonly topic: string
  readonly offset: number
  readonly seq: number
  readonly attempt: number
}

export class TestSession {
  readonly clock: FakeClock
  /** What the client got, every sending. */
  readonly arrivals: Arrival[] = []
  /** What the client's program got: each event once. */
  readonly seen: Arrival[] = []
  readonly ends: { readonly id: string; readonly end: End; readonly reason: EndReason }[] = []
  delivery: Delivery<string>
  #lanes: Lanes<Sending> | undefined
  #wire: Arrival[] = []
  readonly #options: Partial<DeliveryOptions>
  readonly #random: () => number
  readonly #offsets = new Map<string, number>()
  readonly #known = new Set<string>()

  constructor(options: Partial<DeliveryOptions> = {}, random = () => 0.5, clock = new FakeClock()) {
    this.clock = clock
    this.#options = options
    this.#random = random
    this.delivery = this.#newDelivery()
  }

  #newDelivery(): Delivery<string> {
    return new Delivery<string>(
      this.clock,
      {
        send: (event, attempt, again) => {
          const { lane, bytes, topic, offset } = event
          this.#lanes!.push(lane, { frame: { event, attempt }, bytes, topic, offset }, again)
        },
        ended: ({ id }, end, reason) => this.ends.push({ id, end, reason }),
      },
      this.#options,
      this.#random,
    )
  }

  /** Publishes the next event of the topic; its id is `topic:offset`. */
  publish(
    topic = 't',
    { lane = 2, bytes = 1, strict = false }: { lane?: Lane; bytes?: number; strict?: boolean } = {},
  ): Offered {
    const offset = (this.#offsets.get(topic) ?? 0) + 1
    const id = `${topic}:${offset}`
    const offered = this.delivery.offer({ id, topic, epoch: 'e', offset, lane, bytes, strict, frame: id })
    if (offered === 'taken') this.#offsets.set(topic, offset)
    return offered
  }

  /** Connects, or replaces the connection. */
  connect(received?: number): void {
    this.cut()
    this.#lanes = new Lanes(this.clock, { onDrop: ({ frame }) => this.delivery.dropped(frame.event.id) })
    this.delivery.connect(received)
  }

  /** What was written and has not arrived is lost, and so is what was queued. */
  cut(): void {
    this.#lanes = undefined
    this.#wire = []
    this.delivery.disconnect()
  }

  /** Writes what is queued. */
  write(count = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count; i++) {
      const frame = this.#lanes?.next()?.frame
      if (frame === undefined) return
      const parts = this.delivery.begin(frame.event.id, frame.attempt)
      if (parts === undefined) continue
      const { id, topic, offset } = frame.event
      this.#wire.push({ id, topic, offset, ...parts })
    }
  }

  /** Lets the client have what was written. */
  arrive(count = Number.POSITIVE_INFINITY): Arrival[] {
    const arrived = this.#wire.splice(0, count)
    for (const one of arrived) {
      this.arrivals.push(one)
      if (!this.#known.has(one.id)) this.seen.push(one)
      this.#known.add(one.id)
    }
    return arrived
  }

  /** Writes and lets arrive; the ids and sendings that came, as `id#attempt`. */
  flush(): string[] {
    this.write()
    return this.arrive().map(({ id, attempt }) => `${id}#${attempt}`)
  }

  /** Lets time pass in small steps, flushing after each; when, in milliseconds from now, which sending came. */
  flushFor(ms: number, step = 500): [number, string][] {
    const came: [number, string][] = []
    for (let at = 0; at < ms; at += step) {
      this.clock.advance(step)
      for (const one of this.flush()) came.push([at + step, one])
    }
    return came
  }

  ack(ack: Omit<AckEnvelope, 'type'>): 'ack_ahead' | undefined {
    return this.delivery.acknowledge(ack)
  }

  /** Another worker takes the session on. */
  restart(): void {
    const plain = this.delivery.snapshot(frame => frame)
    this.cut()
    this.delivery = this.#newDelivery()
    this.delivery.restore(JSON.parse(JSON.stringify(plain)), frame => frame as string)
  }
}
