/**
 * A connection that speaks the subprotocol hydrogen-protocol: the driver of its fd.
 * @module
 */
import type { Socket } from 'node:net'
import { type Connection, SocketError } from '@unisock/kernel/plugin'
import type { WsConnectionOptions } from '../../connection/ws-connection.ts'
import type { WebSocketClass } from '../../connection/ws-library.ts'
import type { Identity, WrittenWire } from '../../wire.ts'
import type { AdmittedIdentity } from '../auth/identity.ts'
import { CLOSE, type CloseName } from '../close-codes.ts'
import { ConnectionStateMachine } from '../connection-state.ts'
import type { Gap, Lane } from '../envelope/types.ts'
import { closeCodeOf, HYDROGEN_ERRORS, type HydrogenErrorCode } from '../errors.ts'
import type { GapNotice, Queued } from '../lanes/index.ts'
import { joinGaps } from '../recovery/index.ts'
import type { ReplyWire } from '../wire.ts'
import type { HydrogenContext } from './context.ts'
import { Inbox, type InboxOwner } from './inbox.ts'
import { gapEvent, type LiveEvent, plainEvent } from './live-event.ts'
import type { LiveSession } from './live-session.ts'
import { type Frame, Outbox, type Outgoing, type Outlet } from './outbox.ts'
import type { TopicPlace } from './subscriber.ts'
import { TurnConnection } from './turn-connection.ts'

/** Bytes that parts of the receiver's own add to an event, at most. */
const PARTS_BYTES = 96

/** The kernel's errors of connections that the server ends. */
const ERROR_OF: Readonly<Partial<Record<CloseName, string>>> = {
  idle: 'ETIMEDOUT',
  noPong: 'ETIMEDOUT',
  slow: 'ENOBUFS',
  overflow: 'ENOBUFS',
}

/** What WS_HANDSHAKE tells of an identity. */
function toldOf(identity: Identity | undefined): Identity | undefined {
  if (identity === undefined) return undefined
  const { signingSecret: _, ...told } = identity
  return told
}

export class HydrogenConnection extends TurnConnection implements Outlet, InboxOwner {
  readonly fd: Connection
  readonly machine = new ConnectionStateMachine()
  readonly outbox: Outbox
  readonly #context: HydrogenContext
  /** Who the client is; undefined until it has shown that. */
  identity: AdmittedIdentity | undefined
  live: LiveSession | undefined
  /** Of its session. */
  generation = 0
  /** In which of the server's seconds something was last heard of it, and when it was opened. */
  heard: number
  readonly opened: number
  /** Commands without a number that are being run: nobody else can be answered. */
  unnumbered = 0
  /** The end of its identity that the client was told of. */
  toldExpiry: number | undefined
  /** The program knows who the client is. */
  introduced = false
  /** The client has sent something after it was given its resume token. */
  confirmed = false
  #ended = false
  /** While messages wait for one that takes time. */
  #inbox: Inbox | undefined
  #faults = 0
  #faultsSince = 0

  constructor(
    fd: Connection,
    ws: WebSocketClass,
    socket: Socket,
    options: WsConnectionOptions,
    context: HydrogenContext,
  ) {
    super(fd, ws, socket, { ...options, identity: toldOf(options.identity) })
    this.fd = fd
    this.#context = context
    this.heard = this.opened = context.second
    this.outbox = new Outbox(context.clock, this, context.settings.limits.lanes)
    context.observe(this)
    this.machine.to('verifying')
    this.identity = options.identity as AdmittedIdentity | undefined
    if (this.identity !== undefined) this.machine.to('established')
  }

  /** Nothing more is written to it or heard of it. */
  get ended(): boolean {
    return this.#ended
  }

  get hasRoom(): boolean {
    if (this.#ended || !this.isOpen) return false
    return this.backlog < Math.max(this.#context.settings.limits.highWater, this.certainBacklog)
  }

  /** What the program writes: raw messages, and replies to commands. */
  override write(message: WrittenWire | ReplyWire): boolean {
    if (Array.isArray(message) && message.length === 6) {
      this.#context.runs.reply(message as ReplyWire)
      return true
    }
    return super.write(message as WrittenWire)
  }

  /** A message that belongs to no topic. */
  send(lane: Lane, text: string): boolean {
    if (this.#ended) return false
    this.outbox.text(lane, text)
    return !this.#ended
  }

  /** An event of a topic. False: it will not be written. */
  sendEvent(place: TopicPlace, event: LiveEvent, offset: number, prev: number | undefined): boolean {
    if (this.#ended) return false
    if (prev === undefined && event.gap === undefined && this.hold(event)) return true
    if (this.outbox.open) {
      this.event({ event, prev }, undefined)
      return true
    }
    const { lane, topic, epoch, latest } = place
    const frame = { event, prev, epoch }
    const bytes = prev === undefined ? event.bytes : event.bytes + PARTS_BYTES
    this.outbox.enqueue(lane, { frame, bytes, topic, offset, key: latest ? topic : undefined })
    return !this.#ended
  }

  /** An event that belongs to no topic. */
  sendPlain(lane: Lane, event: LiveEvent, key?: string): boolean {
    if (this.#ended) return false
    if (event.gap === undefined && this.hold(event)) return true
    if (this.outbox.open) this.event({ event }, undefined)
    else this.outbox.enqueue(lane, { frame: { event }, bytes: event.bytes, key })
    return !this.#ended
  }

  sendGap({ topic, epoch, lane }: TopicPlace, gap: Gap): void {
    const { ids, clock } = this.#context
    const event = gapEvent(ids.next(), clock.now(), topic, epoch, gap, false)
    const frame = { event, epoch }
    this.enqueue(lane, { frame, bytes: event.bytes + PARTS_BYTES, topic, offset: gap.to, from: gap.from })
  }

  enqueue(lane: Lane, entry: Queued<Frame>, ahead = false): void {
    if (!this.#ended) this.outbox.enqueue(lane, entry, ahead)
  }

  text(text: string): void {
    this.writeText(text)
  }

  event({ event, prev, attempt }: Outgoing, dropped: Gap | undefined): void {
    const gap = joinGaps(dropped, event.gap)
    if (attempt === undefined) {
      if (prev === undefined && gap === undefined) this.writeText(event.plain, event.frame)
      else this.writeText(event.withParts({ prev, gap }))
      return
    }
    const parts = this.live?.delivery.begin(event.id, attempt)
    if (parts === undefined) return
    this.writeText(event.withParts({ ...parts, gap, ack: !event.ack }))
  }

  gap({ topic, gap }: GapNotice): void {
    const place = this.live?.places.get(topic)
    if (place === undefined) return
    const { ids, clock } = this.#context
    this.event({ event: gapEvent(ids.next(), clock.now(), topic, place.epoch, gap, false) }, undefined)
  }

  overflow(why: 'slow' | 'overflow'): void {
    this.#context.metrics.overflows[why]++
    this.shut(why)
  }

  dropped(frame: Frame): void {
    this.#context.metrics.dropped++
    if (typeof frame !== 'string' && frame.attempt !== undefined) this.live?.delivery.dropped(frame.event.id)
  }

  /** Closes it, for a reason of the table. */
  shut(name: CloseName): void {
    const { code, reason } = CLOSE[name]
    this.shutWith(code, reason, ERROR_OF[name])
  }

  shutWith(code: number, reason: string, error = 'ECONNABORTED'): void {
    if (this.#ended) return
    this.release()
    this.#ended = true
    this.outbox.clear()
    this.machine.close()
    this.fail(new SocketError(error, `the connection was closed: ${reason || code}`), code, reason)
    this.#context.gone(this)
  }

  /** Nothing was heard of it for too long. */
  idle(): void {
    if (this.machine.state === 'connected') this.machine.to('heartbeat')
    if (this.machine.state === 'heartbeat') this.machine.to('inactive')
    this.shut('idle')
  }

  /** An event of the server itself. */
  tell(action: string, data: object): void {
    const { ids, clock } = this.#context
    this.sendPlain(0, plainEvent(ids.next(), clock.now(), 'system', action, JSON.stringify(data)))
  }

  /** Ends it where the table says that such an error does. */
  shutFor(code: HydrogenErrorCode): void {
    if (closeCodeOf(code) !== undefined) this.shut((HYDROGEN_ERRORS[code] as { close?: CloseName }).close!)
  }

  /** It sent what is against the protocol, or too fast; what it is closed with when that was too often. */
  fault(close: 'tooManyErrors' | 'rateLimited' = 'tooManyErrors'): void {
    const { second, settings } = this.#context
    if (second - this.#faultsSince >= 60) {
      this.#faults = 0
      this.#faultsSince = second
    }
    if (this.offend()) this.shut('banned')
    else if (++this.#faults > settings.limits.errors) this.shut(close)
  }

  override ping(): void {
    super.ping()
    if (this.machine.state === 'connected') this.machine.to('heartbeat')
  }

  override onPong(): void {
    super.onPong()
    this.alive()
  }

  override onSilence(): void {
    if (this.machine.state === 'heartbeat') this.machine.to('inactive')
    this.shut('noPong')
  }

  /** Something was heard of it. */
  alive(): void {
    this.heard = this.#context.second
    if (this.machine.state === 'heartbeat') this.machine.to('connected')
  }

  override resume(): void {
    if (this.#inbox === undefined) super.resume()
    else this.#inbox.mayRead = true
  }

  handle(text: string): boolean | Promise<boolean> {
    return this.#context.commands.receive(this, text)
  }

  emptied(mayRead: boolean): void {
    this.#inbox = undefined
    // Of one that is being closed the peer's close is still to be read.
    if (mayRead || this.#ended) super.resume()
  }

  override drain(): void {
    this.shut('shutdown')
  }

  protected override deliver(data: Buffer, isBinary: boolean): boolean {
    this.alive()
    if (this.#ended) return true
    if (isBinary) {
      this.#context.commands.answerFailure(this, 'binary_message')
      return true
    }
    const text = data.toString()
    if (this.#inbox !== undefined) {
      this.#inbox.add(text)
      return true
    }
    const handled = this.handle(text)
    if (typeof handled === 'boolean') return handled
    this.pause()
    this.#inbox = new Inbox(this, handled)
    return true
  }

  protected override tooFast(limit: string, data: Buffer): boolean {
    this.alive()
    if (this.#ended) return true
    const code = limit.includes('BYTES') ? 'rate_limit_bytes' : 'rate_limit_messages'
    this.#context.commands.answerTooFast(this, code, data.toString())
    return true
  }

  override onDrain(): void {
    super.onDrain()
    this.outbox.pump()
    if (this.live !== undefined && this.live.recovering !== undefined) this.#context.replay(this.live)
  }

  protected override over(): void {
    if (!this.#ended) {
      this.#ended = true
      this.outbox.clear()
      this.#context.gone(this)
    }
    this.machine.end()
  }

  protected override get isFree(): boolean {
    return this.outbox.open
  }

  protected override flushLater(): void {
    this.#context.flushLater(this)
  }
}
