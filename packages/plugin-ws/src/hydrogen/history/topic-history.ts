/**
 * The last publications of one topic.
 * @module
 */
import type { Attributes } from '../topics/filter.ts'
import { newEpoch } from './epoch.ts'

/** What is published. */
export interface Publication<F> {
  /** From 1, without a hole. */
  readonly offset: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly bytes: number
  readonly frame: F
  readonly attributes?: Attributes | undefined
}

export interface HistoryLimits {
  /** Publications. 0: none is kept, only offsets are counted. */
  maxCount: number
  maxBytes: number
  /** Milliseconds. */
  maxAge: number
  /** Milliseconds for which the epoch and the top offset outlive the last publication; no less than `maxAge`. */
  metaTtl: number
}

export const DEFAULT_HISTORY_LIMITS: Readonly<HistoryLimits> = {
  maxCount: 1000,
  maxBytes: 1 << 20,
  maxAge: 300_000,
  metaTtl: 86_400_000,
}

/** Where a topic is. */
export interface StreamState {
  readonly epoch: string
  /** The newest offset; 0 where nothing was published yet. */
  readonly top: number
  /** The oldest offset that is kept; `top + 1` where none is. */
  readonly first: number
}

export interface ReadRequest {
  /** The first offset wanted; backwards, the last. @default the end it begins at */
  readonly from?: number | undefined
  readonly limit: number
  readonly reverse?: boolean | undefined
}

const MIN_SLOTS = 8

/** A ring, bounded by count, bytes and age. Every publication is at the slot its offset says. */
export class TopicHistory<F> {
  readonly limits: Readonly<HistoryLimits>
  readonly epoch: string
  #slots: (Publication<F> | undefined)[] = []
  #first = 1
  #top = 0
  #bytes = 0
  #touched: number

  constructor(limits: Readonly<HistoryLimits>, now: number, epoch: string = newEpoch(now)) {
    this.limits = limits
    this.epoch = epoch
    this.#touched = now
  }

  /** What is known of a topic that was kept elsewhere: `publications` are its last ones, without a hole, up to `top`. */
  static restore<F>(
    limits: Readonly<HistoryLimits>,
    { epoch, top }: { readonly epoch: string; readonly top: number },
    publications: readonly Publication<F>[],
    now: number,
  ): TopicHistory<F> {
    const history = new TopicHistory<F>(limits, now, epoch)
    history.#top = top - publications.length
    history.#first = history.#top + 1
    for (const { frame, bytes, time, attributes } of publications)
      history.append(frame, bytes, time, attributes)
    history.#touched = now
    return history
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The newest offset; 0 where nothing was published yet. */
  get top(): number {
    return this.#top
  }

  get count(): number {
    return this.#top - this.#first + 1
  }

  state(now: number): StreamState {
    this.trim(now)
    return { epoch: this.epoch, top: this.#top, first: this.#first }
  }

  /** Whether nothing is left to know of this topic. */
  forgotten(now: number): boolean {
    const { metaTtl, maxAge } = this.limits
    return now - this.#touched >= Math.max(metaTtl, maxAge)
  }

  append(frame: F, bytes: number, now: number, attributes?: Attributes): Publication<F> {
    const publication = { offset: this.#top + 1, time: now, bytes, frame, attributes }
    this.#touched = now
    this.trim(now)
    if (this.count >= this.#slots.length) this.#grow()
    this.#top = publication.offset
    this.#slots[this.#slot(publication.offset)] = publication
    this.#bytes += bytes
    while (this.count > this.limits.maxCount || this.#bytes > this.limits.maxBytes) this.#shift()
    return publication
  }

  /** Publications in the order asked for; fewer than `limit` only where no more are kept. */
  read({ from, limit, reverse = false }: ReadRequest, now: number): Publication<F>[] {
    this.trim(now)
    const step = reverse ? -1 : 1
    let offset = reverse ? Math.min(this.#top, from ?? this.#top) : Math.max(this.#first, from ?? this.#first)
    const found: Publication<F>[] = []
    for (; found.length < limit && offset >= this.#first && offset <= this.#top; offset += step)
      found.push(this.#slots[this.#slot(offset)]!)
    return found
  }

  /** What came after this offset, oldest first. */
  since(offset: number, limit: number, now: number): Publication<F>[] {
    return this.read({ from: offset + 1, limit }, now)
  }

  /** The newest publication, if it is still kept. */
  last(now: number): Publication<F> | undefined {
    this.trim(now)
    return this.count > 0 ? this.#slots[this.#slot(this.#top)] : undefined
  }

  /** Lets go of what is too old. */
  trim(now: number): void {
    const oldest = now - this.limits.maxAge
    while (this.count > 0 && this.#slots[this.#slot(this.#first)]!.time <= oldest) this.#shift()
  }

  #slot(offset: number): number {
    return offset & (this.#slots.length - 1)
  }

  #shift(): void {
    const slot = this.#slot(this.#first++)
    this.#bytes -= this.#slots[slot]!.bytes
    this.#slots[slot] = undefined
  }

  #grow(): void {
    const before = this.#slots
    const grown: (Publication<F> | undefined)[] = Array(Math.max(MIN_SLOTS, before.length * 2)).fill(
      undefined,
    )
    for (let offset = this.#first; offset <= this.#top; offset++)
      grown[offset & (grown.length - 1)] = before[offset & (before.length - 1)]
    this.#slots = grown
  }
}
