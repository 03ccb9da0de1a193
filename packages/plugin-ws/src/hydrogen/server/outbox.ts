/**
 * What is to be written to one connection: at once while its socket takes it, else in lanes, from which the most urgent
 * goes first when there is room again.
 * @module
 */
import type { Clock } from '../clock.ts'
import type { Gap, Lane } from '../envelope/types.ts'
import { type GapNotice, type LaneCounts, type LaneSet, Lanes, type Queued } from '../lanes/index.ts'
import type { LiveEvent } from './live-event.ts'

/** An event for this receiver. */
export interface Outgoing {
  readonly event: LiveEvent
  /** The offset that it follows, where that is not the one before. */
  readonly prev?: number | undefined
  /** Which sending it is; undefined where nobody acknowledges it. */
  readonly attempt?: number | undefined
  /** The topic's epoch: a gap is told with it. */
  readonly epoch?: string | undefined
}

export type Frame = string | Outgoing

/** The connection, as its outbox needs it. */
export interface Outlet {
  /** The socket has little enough to write. */
  readonly hasRoom: boolean
  text(text: string): void
  event(outgoing: Outgoing, gap: Gap | undefined): void
  gap(notice: GapNotice): void
  /** Something waits from now on. */
  crowded(): void
  /** A lane that drops nothing is full. */
  overflow(why: 'slow' | 'overflow'): void
  /** It will not be written. */
  dropped(frame: Frame): void
}

const NO_COUNTS: LaneCounts = { size: 0, bytes: 0, dropped: 0, conflated: 0 }

export class Outbox {
  readonly #clock: Clock
  readonly #outlet: Outlet
  readonly #options: LaneSet
  /** Made when something has to wait. */
  #lanes: Lanes<Frame> | undefined

  constructor(clock: Clock, outlet: Outlet, options: LaneSet) {
    this.#clock = clock
    this.#outlet = outlet
    this.#options = options
  }

  /** Nothing waits. */
  get idle(): boolean {
    return this.#lanes === undefined || this.#lanes.size === 0
  }

  /** Frames that wait. */
  get size(): number {
    return this.#lanes?.size ?? 0
  }

  get bytes(): number {
    return this.#lanes?.bytes ?? 0
  }

  counts(lane: Lane): LaneCounts {
    return this.#lanes?.counts(lane) ?? NO_COUNTS
  }

  /** A message that belongs to no topic. */
  text(lane: Lane, text: string): void {
    if (this.idle && this.#outlet.hasRoom) return this.#outlet.text(text)
    this.#push(lane, { frame: text, bytes: Buffer.byteLength(text) }, false)
  }

  /** Whether an event may be written without waiting for others. */
  get open(): boolean {
    return this.idle && this.#outlet.hasRoom
  }

  /** An event that has to wait. */
  enqueue(lane: Lane, entry: Queued<Frame>, ahead = false): void {
    this.#push(lane, entry, ahead)
  }

  /** Writes while the socket takes it. */
  pump(): void {
    const lanes = this.#lanes
    if (lanes === undefined) return
    const outlet = this.#outlet
    while (outlet.hasRoom) {
      const next = lanes.next()
      if (next === undefined) return
      if (next.frame === undefined) outlet.gap(next)
      else if (typeof next.frame === 'string') outlet.text(next.frame)
      else outlet.event(next.frame, next.gap)
    }
  }

  clear(): void {
    this.#lanes?.clear()
  }

  #push(lane: Lane, entry: Queued<Frame>, ahead: boolean): void {
    this.#lanes ??= this.#newLanes()
    this.#outlet.crowded()
    const pushed = this.#lanes.push(lane, entry, ahead)
    if (pushed !== 'queued') this.#outlet.overflow(pushed)
    else this.pump()
  }

  #newLanes(): Lanes<Frame> {
    const onDrop = ({ frame }: Queued<Frame>): void => this.#outlet.dropped(frame)
    return new Lanes(this.#clock, { lanes: this.#options, onDrop })
  }
}
