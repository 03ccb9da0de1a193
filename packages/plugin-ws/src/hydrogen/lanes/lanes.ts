/**
 * What waits to be written to one connection, in four lanes: 0 control, 1 high, 2 normal, 3 bulk.
 *
 * Frames that were given to the socket cannot be overtaken, so a writer takes the next one only while the socket has
 * little buffered; everything else waits here and may still be overtaken. Lane 0 goes first. The others share by weight,
 * in bytes, by start-time fair queueing (Goyal, Vin and Cheng, 1996): a lane that was empty is served at once, and one
 * that sends large frames gets no more than its share.
 * @module
 */
import type { Clock } from '../clock.ts'
import type { Gap, Lane } from '../envelope/types.ts'
import { ConnectionLane, type DropObserver } from './lane.ts'
import type { Queued } from './lane-queue.ts'
import { DEFAULT_LANES, DEFAULT_MAX_WAIT, type LaneSet } from './options.ts'

/** `slow`, `overflow`: the frame was not taken, and the connection is to be closed with the code of that name. */
export type Pushed = 'queued' | 'slow' | 'overflow'

export interface LaneCounts {
  readonly size: number
  readonly bytes: number
  /** Frames that gave way to newer ones, or were too large for the lane. */
  readonly dropped: number
  /** Frames that were superseded by a newer one with the same key. */
  readonly conflated: number
}

/** Offsets of a topic that were dropped, and of which no frame will tell. */
export interface GapNotice {
  readonly frame?: undefined
  readonly topic: string
  readonly gap: Gap
}

export interface LanesOptions<F> {
  readonly lanes?: LaneSet
  /** Milliseconds; see `DEFAULT_MAX_WAIT`. */
  readonly maxWait?: number
  /** Told of every frame that will not be sent; `clear` tells of none. */
  readonly onDrop?: DropObserver<F>
}

const EMPTY: LaneCounts = { size: 0, bytes: 0, dropped: 0, conflated: 0 }

/** A lane is made when something is first pushed into it: most connections need one or two. */
export class Lanes<F> {
  readonly #clock: Clock
  readonly #options: LanesOptions<F>
  readonly #lanes: (ConnectionLane<F> | undefined)[] = [undefined, undefined, undefined, undefined]
  /** Dropped offsets that the next frame of the topic is to tell of. */
  #gaps: Map<string, Gap> | undefined
  #virtual = 0
  #servedOverdue = false

  constructor(clock: Clock, options: LanesOptions<F> = {}) {
    this.#clock = clock
    this.#options = options
  }

  /** Frames that wait. */
  get size(): number {
    let size = 0
    for (const lane of this.#lanes) if (lane !== undefined) size += lane.size
    return size
  }

  /** Bytes that wait. */
  get bytes(): number {
    let bytes = 0
    for (const lane of this.#lanes) if (lane !== undefined) bytes += lane.bytes
    return bytes
  }

  counts(number: Lane): LaneCounts {
    const lane = this.#lanes[number]
    if (lane === undefined) return EMPTY
    return { size: lane.size, bytes: lane.bytes, dropped: lane.dropped, conflated: lane.conflated }
  }

  /** `ahead`: it is sent again, and goes ahead of what was never sent. */
  push(number: Lane, entry: Queued<F>, ahead = false): Pushed {
    const lane = this.#lane(number)
    const wasEmpty = lane.size === 0
    entry.time = this.#clock.now()
    if (wasEmpty) lane.start = Math.max(lane.start, this.#virtual)
    if (lane.push(entry, ahead, this.#options.onDrop)) return 'queued'
    return number >= 2 ? 'slow' : 'overflow'
  }

  /** Takes what is to be written next; undefined: nothing waits. */
  next(): Queued<F> | GapNotice | undefined {
    const lane = this.#choose()
    if (lane === undefined) return this.#nextGap()
    const entry = lane.peek()
    const first = lane.shift()
    lane.start += entry.bytes / lane.options.weight
    if (first && this.#gaps !== undefined && entry.topic !== undefined) {
      entry.gap = this.#gaps.get(entry.topic)
      this.#gaps.delete(entry.topic)
    }
    return entry
  }

  /** Forgets all that waits. */
  clear(): void {
    for (const lane of this.#lanes) lane?.clear()
    this.#gaps = undefined
  }

  #lane(number: Lane): ConnectionLane<F> {
    let lane = this.#lanes[number]
    if (lane === undefined) {
      lane = new ConnectionLane<F>((this.#options.lanes ?? DEFAULT_LANES)[number], this.#noteGap)
      this.#lanes[number] = lane
    }
    return lane
  }

  #choose(): ConnectionLane<F> | undefined {
    const overdue = this.#servedOverdue ? undefined : this.#overdue()
    this.#servedOverdue = overdue !== undefined
    if (overdue !== undefined) return overdue
    const control = this.#lanes[0]
    if (control !== undefined && control.size > 0) return control
    let chosen: ConnectionLane<F> | undefined
    for (let i = 1; i < 4; i++) {
      const lane = this.#lanes[i]
      if (lane === undefined || lane.size === 0) continue
      if (chosen === undefined || lane.start < chosen.start) chosen = lane
    }
    if (chosen !== undefined) this.#virtual = Math.max(this.#virtual, chosen.start)
    return chosen
  }

  /** The lane whose head has waited too long, and longest. It gets every second turn only: after a stall all are late. */
  #overdue(): ConnectionLane<F> | undefined {
    let since = this.#clock.now() - (this.#options.maxWait ?? DEFAULT_MAX_WAIT)
    let late: ConnectionLane<F> | undefined
    for (let i = 1; i < 4; i++) {
      const lane = this.#lanes[i]
      if (lane === undefined || lane.size === 0) continue
      const time = lane.peek().time!
      if (time > since) continue
      since = time
      late = lane
    }
    return late
  }

  /** With nothing else to write, dropped offsets are told by themselves. */
  #nextGap(): GapNotice | undefined {
    for (const lane of this.#lanes) lane?.queue.peek(this.#noteGap)
    if (this.#gaps === undefined) return undefined
    for (const [topic, gap] of this.#gaps) {
      this.#gaps.delete(topic)
      return { topic, gap }
    }
    this.#gaps = undefined
    return undefined
  }

  readonly #noteGap = (topic: string, from: number, to: number): void => {
    this.#gaps ??= new Map()
    const gap = this.#gaps.get(topic)
    if (gap === undefined) this.#gaps.set(topic, { from, to })
    else gap.to = Math.max(gap.to, to)
  }
}
