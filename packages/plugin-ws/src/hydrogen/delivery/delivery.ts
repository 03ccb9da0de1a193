/**
 * Guaranteed delivery to one session: an event is sent until it is acknowledged, too often in vain, or the session ends.
 * @module
 */
import type { Clock } from '../clock.ts'
import type { AckEnvelope, Lane } from '../envelope/types.ts'
import { Accepted, type AcceptedUpTo } from './accepted.ts'
import { AckWait } from './ack-wait.ts'
import type { DeliveryHooks, Offered, SendingParts } from './contract.ts'
import { type DeliveryCounts, newCounts } from './counts.ts'
import { DeadlineTimer } from './deadline-timer.ts'
import type { Deliverable, End, EndReason, Message } from './message.ts'
import { DEFAULT_DELIVERY, type DeliveryOptions, pause } from './options.ts'
import { Pending } from './pending.ts'
import { type DeliverySnapshot, restore, snapshot } from './snapshot.ts'
import { type AckTarget, Unacked } from './unacked.ts'

type Ack = AckTarget & Pick<AckEnvelope, 'kind' | 'delay'>

/** A session begins without a connection; `connect` when there is one. */
export class Delivery<F> {
  readonly counts: DeliveryCounts = newCounts()
  readonly #clock: Clock
  readonly #hooks: DeliveryHooks<F>
  readonly #options: DeliveryOptions
  readonly #random: () => number
  readonly #ackWait: AckWait
  readonly #pending = new Pending<F>()
  readonly #unacked = new Unacked<F>()
  readonly #accepted = new Accepted()
  readonly #refusing = [false, false, false, false]
  readonly #timer: DeadlineTimer
  /** Writings so far, and the newest that is known to have arrived, with all before it. */
  #writes = 0
  #arrived = 0
  #connected = false
  #pumping = false

  constructor(
    clock: Clock,
    hooks: DeliveryHooks<F>,
    options: Partial<DeliveryOptions> = {},
    random: () => number = Math.random,
  ) {
    this.#clock = clock
    this.#hooks = hooks
    this.#options = { ...DEFAULT_DELIVERY, ...options }
    this.#random = random
    this.#ackWait = new AckWait(this.#options)
    this.#timer = new DeadlineTimer(clock, () => this.#onDeadline())
  }

  /** Events that were given out and have not ended. */
  get unacked(): number {
    return this.#unacked.size
  }

  /** Events that wait for room in the window. */
  get pending(): number {
    return this.#pending.size
  }

  /** Bytes of both. */
  get bytes(): number {
    return this.#unacked.bytes + this.#pending.allBytes
  }

  /** The number of the newest event that was given out; a client cannot have received a later one. */
  get lastSeq(): number {
    return this.#unacked.lastSeq
  }

  /** The newest event of the topic that was taken; what comes after it is to be offered yet. */
  acceptedUpTo(topic: string): AcceptedUpTo | undefined {
    return this.#accepted.of(topic)
  }

  /** Topics of which something was taken. */
  *topics(): IterableIterator<string> {
    for (const [topic] of this.#accepted) yield topic
  }

  /** What comes up to this offset of a topic is not to be offered: delivery begins behind it. */
  beginAfter(topic: string, position: AcceptedUpTo): void {
    this.#accepted.note({ topic, ...position })
  }

  /** Numbers up to this one are not given out again: a client has seen them before a part of this was lost. */
  skipTo(seq: number): void {
    if (seq > this.lastSeq) this.#unacked.restore(undefined, seq)
  }

  /** Bytes that may be offered in this lane before it is full: how much of a replay to offer at once. */
  room(lane: Lane): number {
    return this.#options.pendingBytes[lane] - this.#pending.bytes(lane)
  }

  /** An event that is to be delivered, in the order of its topic. */
  offer(event: Deliverable<F>): Offered {
    if (this.#accepted.covers(event)) return 'known'
    if (this.#refusing[event.lane] || !this.#makeRoom(event)) {
      this.#refusing[event.lane] = true
      this.counts.refused++
      return 'refused'
    }
    this.#accepted.note(event)
    this.#pending.add(event)
    this.#pump()
    return 'taken'
  }

  /**
   * The event is about to be written: from now on its acknowledgment is waited for. Undefined: it is no longer wanted,
   * because it has ended or is to be sent anew, and must not be written.
   */
  begin(id: string, attempt: number): SendingParts | undefined {
    const message = this.#unacked.get(id)
    if (message === undefined || message.state !== 'queued' || message.attempt !== attempt) return undefined
    message.written = attempt
    message.lastWrite = ++this.#writes
    message.firstWrite ||= message.lastWrite
    message.sentAt = this.#clock.now()
    this.counts.sent++
    if (attempt > 1) this.counts.redelivered++
    this.#awaitAck(message)
    return { seq: message.seq, attempt }
  }

  /** The connection's queue dropped the event. */
  dropped(id: string): void {
    const message = this.#unacked.get(id)
    if (message === undefined) return
    this.#end(message, 'dead', 'overflow')
    this.#pump()
  }

  /** What became of events. `ack_ahead`: it names what was not sent yet, and nothing of it was heeded. */
  acknowledge(ack: Ack): 'ack_ahead' | undefined {
    const named = this.#unacked.named(ack)
    if (named === undefined) return 'ack_ahead'
    this.counts.unknownAcks += named.unknown
    for (const message of named.messages) this.#apply(message, ack)
    this.#pump()
    return undefined
  }

  /** A round trip of the connection was measured, in milliseconds. */
  observeRoundTrip(ms: number): void {
    this.#ackWait.observe(ms)
  }

  /**
   * There is a connection. All that was given out is sent again in its order, but for what the client has up to
   * `received`, which it still has to acknowledge, and what it wants later.
   */
  connect(received = 0): void {
    this.disconnect()
    this.#connected = true
    this.#refusing.fill(false)
    const now = this.#clock.now()
    const messages = this.#unacked.list()
    const newest = messages.find(({ seq }) => seq === received)
    if (newest !== undefined) this.#hasArrived(newest)
    for (const message of messages) {
      if (!this.#connected) return
      if (message.delayed && message.deadline > now) this.#awaitTurn(message)
      else if (message.seq <= received && message.written > 0 && message.lastWrite <= this.#arrived)
        this.#awaitAck(message)
      else this.#sendAgain(message)
    }
    this.#pump()
  }

  /** There is no connection any more: no timer runs, and nothing fails. */
  disconnect(): void {
    this.#connected = false
    this.#timer.stop()
    for (const message of this.#unacked.list()) message.state = 'held'
  }

  /** The topic is no longer wanted, or not the one it was. */
  forget(topic: string, reason: 'unsubscribed' | 'epoch' = 'unsubscribed'): void {
    this.#accepted.delete(topic)
    const waiting = this.#pending.removeTopic(topic)
    for (const message of this.#unacked.list())
      if (message.topic === topic) this.#end(message, 'expired', reason)
    for (const event of waiting) this.#tell(event, 'expired', reason)
    this.#pump()
  }

  /** The session is over. */
  expire(): void {
    this.disconnect()
    const waiting = [...this.#pending]
    this.#pending.clear()
    this.#accepted.clear()
    for (const message of this.#unacked.list()) this.#end(message, 'expired', 'session')
    for (const event of waiting) this.#tell(event, 'expired', 'session')
  }

  /** All of it as plain values; `write` makes one of a frame. */
  snapshot(write: (frame: F) => unknown): DeliverySnapshot {
    return snapshot(this.lastSeq, this.#unacked.list(), this.#pending, this.#accepted, write)
  }

  /** Takes on what another had, before anything is offered and without a connection. */
  restore(plain: DeliverySnapshot, read: (frame: unknown) => F): void {
    const { lastSeq, messages, pending, accepted } = restore(plain, read)
    this.#unacked.restore(undefined, lastSeq)
    for (const message of messages) {
      this.#unacked.restore(message, lastSeq)
      if (message.strict) this.#pending.block(message.topic)
    }
    for (const event of pending) this.#pending.add(event)
    for (const event of accepted) this.#accepted.note(event)
  }

  /** False: the lane has no room for it, and is not one that drops. */
  #makeRoom({ lane, bytes }: Deliverable<F>): boolean {
    if (bytes > this.#options.pendingBytes[lane]) return false
    while (bytes > this.room(lane)) {
      const oldest = lane === 3 ? this.#pending.dropOldest(lane) : undefined
      if (oldest === undefined) return false
      this.#tell(oldest, 'dead', 'overflow')
    }
    return true
  }

  /** Gives out what there is room for. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      const { window, windowBytes } = this.#options
      while (this.#connected && this.#unacked.size < window) {
        const event = this.#pending.peek()
        if (event === undefined) break
        if (this.#unacked.size > 0 && this.#unacked.bytes + event.bytes > windowBytes) break
        this.#pending.take(event)
        this.#hooks.send(this.#unacked.add(event), 1, false)
      }
    } finally {
      this.#pumping = false
    }
  }

  #sendAgain(message: Message<F>): void {
    if (message.written === message.attempt) message.attempt++
    message.state = 'queued'
    message.delayed = false
    this.#hooks.send(message, message.attempt, message.written > 0)
  }

  #apply(message: Message<F>, { attempt, kind = 'ack', delay }: Ack): void {
    this.#hasArrived(message)
    const late = attempt !== undefined && attempt < message.written
    if (late) this.counts.lateAcks++
    switch (kind) {
      case 'ack':
        // Which sending of a repeated event was answered is not known for certain (Karn and Partridge, 1987).
        if (message.written === 1) this.#ackWait.observe(this.#clock.now() - message.sentAt)
        return this.#end(message, 'acked', 'ack')
      case 'term':
        return this.#end(message, 'dead', 'term')
      case 'nak':
        if (!late && message.state === 'sent') this.#fail(message, delay)
        return
      case 'progress':
        if (message.state !== 'held') this.#awaitAck(message)
    }
  }

  /** The client has it: its first sending at least, and thus what was written before that. */
  #hasArrived({ firstWrite }: Message<F>): void {
    this.#arrived = Math.max(this.#arrived, firstWrite)
  }

  /** A sending failed. `delay`: what the client wants to wait, instead of the usual. */
  #fail(message: Message<F>, delay?: number): void {
    message.failures++
    if (message.failures >= this.#options.maxDeliver) return this.#end(message, 'dead', 'max_deliver')
    message.delayed = delay !== undefined
    message.deadline = this.#clock.now() + (delay ?? pause(this.#options, message.failures, this.#random))
    this.#awaitTurn(message)
  }

  #end(message: Message<F>, end: End, reason: EndReason): void {
    if (!this.#unacked.delete(message)) return
    if (message.strict) this.#pending.release(message.topic)
    this.#tell(message, end, reason)
  }

  #tell(event: Deliverable<F>, end: End, reason: EndReason): void {
    this.counts[end]++
    this.#hooks.ended(event, end, reason)
  }

  /** The message is sent again at its deadline. */
  #awaitTurn(message: Message<F>): void {
    message.state = 'waiting'
    this.#timer.arm(message.deadline)
  }

  #awaitAck(message: Message<F>): void {
    message.state = 'sent'
    message.delayed = false
    message.deadline = this.#clock.now() + this.#ackWait.current
    this.#timer.arm(message.deadline)
  }

  /** Looks at all: the window bounds how many there are. */
  #onDeadline(): void {
    const now = this.#clock.now()
    for (const message of this.#unacked.list()) {
      if (!this.#connected) return
      if (message.state !== 'sent' && message.state !== 'waiting') continue
      if (message.deadline > now) this.#timer.arm(message.deadline)
      else if (message.state === 'sent') this.#fail(message)
      else this.#sendAgain(message)
    }
    this.#pump()
  }
}
