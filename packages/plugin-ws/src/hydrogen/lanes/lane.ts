/**
 * One lane of a connection.
 * @module
 */
import { LaneQueue, type NoteDropped, type Queued } from './lane-queue.ts'
import type { LaneOptions } from './options.ts'

/** Tells what was dropped, and whether a newer one with the same key took its place. */
export type DropObserver<F> = (entry: Queued<F>, why: 'overflow' | 'superseded') => void

export class ConnectionLane<F> {
  readonly options: LaneOptions
  readonly #note: NoteDropped
  readonly queue = new LaneQueue<F>()
  /** What is sent again goes ahead of what was never sent; made when there is such a thing. */
  #ahead: LaneQueue<F> | undefined
  dropped = 0
  conflated = 0
  /** The virtual time at which the next frame begins. */
  start = 0

  constructor(options: LaneOptions, note: NoteDropped) {
    this.options = options
    this.#note = note
  }

  get bytes(): number {
    return this.queue.bytes + (this.#ahead?.bytes ?? 0)
  }

  get size(): number {
    return this.queue.size + (this.#ahead?.size ?? 0)
  }

  /** False: it has no room, and this is not a lane that drops. The observer may push again: the lane is in order then. */
  push(entry: Queued<F>, ahead: boolean, onDrop: DropObserver<F> | undefined): boolean {
    const superseded = entry.key === undefined ? undefined : this.queue.supersede(entry.key)
    const dropped = this.#makeRoom(entry)
    const fits = this.bytes + entry.bytes <= this.options.maxBytes
    if (fits) this.#add(entry, ahead)
    else if (this.options.overflow === 'drop-oldest') this.#leaveOut(entry)
    if (superseded !== undefined) {
      this.conflated++
      onDrop?.(superseded, 'superseded')
    }
    if (fits && dropped === undefined) return true
    if (this.options.overflow === 'close') return false
    this.dropped += (dropped?.length ?? 0) + (fits ? 0 : 1)
    if (onDrop === undefined) return true
    if (dropped !== undefined) for (const one of dropped) onDrop(one, 'overflow')
    if (!fits) onDrop(entry, 'overflow')
    return true
  }

  /** The entry that is next, of which there is one. */
  peek(): Queued<F> {
    if (this.#ahead !== undefined && this.#ahead.size > 0) return this.#ahead.peek(this.#note)!
    return this.queue.peek(this.#note)!
  }

  /** Takes out what `peek` gave; true: it was never sent before. */
  shift(): boolean {
    const again = this.#ahead !== undefined && this.#ahead.size > 0
    if (again) this.#ahead!.shift()
    else this.queue.shift()
    return !again
  }

  clear(): void {
    this.queue.clear()
    this.#ahead = undefined
  }

  /** Drops the longest waiting, as many as it takes, if that is how this lane makes room and it helps. */
  #makeRoom(entry: Queued<F>): Queued<F>[] | undefined {
    const { maxBytes, overflow } = this.options
    if (overflow === 'close' || entry.bytes > maxBytes || this.bytes + entry.bytes <= maxBytes)
      return undefined
    const dropped: Queued<F>[] = []
    while (this.queue.size > 0 && this.bytes + entry.bytes > maxBytes)
      dropped.push(this.queue.dropFirst(this.#note))
    return dropped
  }

  #add(entry: Queued<F>, ahead: boolean): void {
    if (!ahead) return this.queue.push(entry)
    this.#ahead ??= new LaneQueue()
    this.#ahead.push(entry)
  }

  #leaveOut({ topic, offset, from = offset }: Queued<F>): void {
    if (topic !== undefined && offset !== undefined) this.queue.pushDropped(topic, from!, offset)
  }
}
