/**
 * What waits in one lane.
 * @module
 */
import type { Gap } from '../envelope/types.ts'

/** A frame that waits to be written to a connection. */
export interface Queued<F> {
  frame: F
  readonly bytes: number
  /** Where it was published, if that is an ordered topic. */
  readonly topic?: string | undefined
  /** With `topic`. */
  readonly offset?: number | undefined
  /** With `offset`: the first one it stands for, where it stands for several. */
  readonly from?: number | undefined
  /** In a lane that conflates: what it supersedes. */
  readonly key?: string | undefined
  /** When it came, in milliseconds; the lanes set it. */
  time?: number
  /** Offsets of its topic that were dropped before it; the lanes set it. */
  gap?: Gap | undefined
}

/** Told of offsets of a topic, `from` to `to`, that were dropped. */
export type NoteDropped = (topic: string, from: number, to: number) => void

interface Slot<F> {
  /** Undefined: dropped, and only its offsets are left. */
  entry: Queued<F> | undefined
  topic: string | undefined
  from: number
  to: number
}

/** Dropped slots that may lie among the others before they are put together. */
const SLACK = 32

/** First in, first out; an entry may be dropped from the middle and leaves its offset in its place. */
export class LaneQueue<F> {
  #slots: (Slot<F> | undefined)[] = []
  #head = 0
  #live = 0
  #bytes = 0
  /** Twice the ranges of dropped offsets that could not be put together the last time. */
  #ranges = 0
  /** Made when the first entry with a key comes. */
  #byKey: Map<string, Slot<F>> | undefined

  /** Entries that wait. */
  get size(): number {
    return this.#live
  }

  get bytes(): number {
    return this.#bytes
  }

  push(entry: Queued<F>): void {
    const { topic, key } = entry
    const offset = entry.offset ?? 0
    const slot: Slot<F> = { entry, topic, from: entry.from ?? offset, to: offset }
    this.#slots.push(slot)
    this.#live++
    this.#bytes += entry.bytes
    if (key === undefined) return
    this.#byKey ??= new Map()
    this.#byKey.set(key, slot)
  }

  /** Drops the entry that has waited longest, of which there is one, and gives it back. */
  dropFirst(dropped: NoteDropped): Queued<F> {
    const entry = this.peek(dropped)!
    this.shift()
    if (entry.topic !== undefined && entry.offset !== undefined)
      dropped(entry.topic, entry.from ?? entry.offset, entry.offset)
    return entry
  }

  /** Leaves the offsets of an entry that had no room. */
  pushDropped(topic: string, from: number, to: number): void {
    this.#slots.push({ entry: undefined, topic, from, to })
    this.#tidy()
  }

  /** Drops the entry that waits with this key, and gives it back. */
  supersede(key: string): Queued<F> | undefined {
    const slot = this.#byKey?.get(key)
    if (slot === undefined) return undefined
    this.#byKey!.delete(key)
    const entry = slot.entry!
    this.#bytes -= entry.bytes
    slot.entry = undefined
    this.#live--
    this.#tidy()
    return entry
  }

  /** The entry that has waited longest. Offsets that were dropped before it are told first. */
  peek(dropped: NoteDropped): Queued<F> | undefined {
    for (; this.#head < this.#slots.length; this.#forward()) {
      const { entry, topic, from, to } = this.#slots[this.#head]!
      if (entry !== undefined) return entry
      if (topic !== undefined) dropped(topic, from, to)
    }
    return undefined
  }

  /** Takes out what `peek` gave. */
  shift(): void {
    const { entry } = this.#slots[this.#head]!
    this.#live--
    this.#bytes -= entry!.bytes
    if (entry!.key !== undefined && this.#byKey?.get(entry!.key)?.entry === entry)
      this.#byKey?.delete(entry!.key)
    this.#forward()
  }

  clear(): void {
    this.#slots = []
    this.#byKey = undefined
    this.#head = this.#live = this.#bytes = this.#ranges = 0
  }

  #forward(): void {
    this.#slots[this.#head++] = undefined
    if (this.#head === this.#slots.length) {
      this.#slots.length = 0
      this.#head = 0
    } else if (this.#head >= SLACK && this.#head * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head)
      this.#head = 0
    }
  }

  /** Puts together the dropped offsets of a topic between which none of its entries waits, once there are many. */
  #tidy(): void {
    if (this.#slots.length - this.#head <= 2 * this.#live + this.#ranges + SLACK) return
    const kept: Slot<F>[] = []
    const open = new Map<string, Slot<F>>()
    for (let i = this.#head; i < this.#slots.length; i++) {
      const slot = this.#slots[i]!
      if (slot.topic === undefined) {
        if (slot.entry !== undefined) kept.push(slot)
        continue
      }
      const before = slot.entry === undefined ? open.get(slot.topic) : undefined
      if (before !== undefined) {
        before.to = slot.to
        continue
      }
      kept.push(slot)
      if (slot.entry === undefined) open.set(slot.topic, slot)
      else open.delete(slot.topic)
    }
    this.#slots = kept
    this.#head = 0
    this.#ranges = 2 * (kept.length - this.#live)
  }
}
