/**
 * Brings a subscriber from where it is to what is published now, in the order of the offsets: pages of history first,
 * then the live publications that came meanwhile, then each as it comes.
 * @module
 */
import type { Gap } from '../envelope/types.ts'

interface Placed {
  readonly offset: number
  readonly bytes: number
}

/** Gets every publication after the position once and in order, or is told that it will not come. */
export interface RecoverySink<P> {
  /** A filter is applied here and not before, so that what it holds back is not missed. */
  publication(publication: P): void
  /** To be told in its place: on a topic with acknowledgments it is offered for delivery like an event, at `gap.to`. */
  gap(gap: Gap): void
}

/** Bytes of live publications that are kept while history is read; beyond that they are read from history too. */
export const DEFAULT_LIVE_BUFFER = 1 << 18

export class TopicRecovery<P extends Placed> {
  readonly #sink: RecoverySink<P>
  readonly #maxBuffered: number
  #last: number
  #top: number
  /** Live publications without a hole, all after `#last`. */
  #live: P[] = []
  #buffered = 0

  /** `after`: the client's position, as it was answered. `top`: the newest publication of that answer. */
  constructor(sink: RecoverySink<P>, after: number, top: number, maxBuffered = DEFAULT_LIVE_BUFFER) {
    this.#sink = sink
    this.#last = after
    this.#top = top
    this.#maxBuffered = maxBuffered
  }

  /** Up to here everything was given to the sink. */
  get offset(): number {
    return this.#last
  }

  /** Bytes of live publications that wait for history. */
  get buffered(): number {
    return this.#buffered
  }

  /** The offset from which a page of history is wanted; undefined: none is, publications go through as they come. */
  get wanted(): number | undefined {
    return this.#last < this.#until ? this.#last + 1 : undefined
  }

  /** The last publication to be read from history. */
  get #until(): number {
    const live = this.#live[0]
    return live === undefined ? this.#top : live.offset - 1
  }

  /** A publication that was just made, and is in history already. */
  live(publication: P): void {
    const { offset } = publication
    const newest = this.#live.at(-1)?.offset ?? this.#last
    if (offset <= newest) return
    this.#top = Math.max(this.#top, offset)
    if (offset === this.#last + 1) return this.#release(publication)
    if (offset !== newest + 1) this.#dropLive()
    this.#live.push(publication)
    this.#buffered += publication.bytes
    if (this.#buffered > this.#maxBuffered) this.#dropLive()
  }

  /**
   * A page of history as it was `wanted`, oldest first. One without any publication says that there are none: what was
   * wanted is missing.
   */
  page(publications: readonly P[]): void {
    const until = this.#until
    for (const publication of publications) {
      const { offset } = publication
      if (offset <= this.#last) continue
      if (offset > until) break
      this.#skipTo(offset - 1)
      this.#release(publication)
    }
    const last = publications.at(-1)
    if (last === undefined || last.offset > until) this.#skipTo(until)
    if (this.#last === until) this.#releaseLive()
  }

  /** Nothing up to this offset will come any more. */
  #skipTo(offset: number): void {
    if (offset <= this.#last) return
    const gap = { from: this.#last + 1, to: offset }
    this.#last = offset
    this.#sink.gap(gap)
  }

  #release(publication: P): void {
    this.#last = publication.offset
    this.#sink.publication(publication)
  }

  #releaseLive(): void {
    const live = this.#live
    this.#dropLive()
    for (const publication of live) this.#release(publication)
  }

  /** They are in history: they will be read from there. */
  #dropLive(): void {
    this.#live = []
    this.#buffered = 0
  }
}
