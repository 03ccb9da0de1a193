/**
 * Where the client is in each topic, and whether something is missing.
 * @module
 */
import type { EventEnvelope, Gap } from '../envelope/types.ts'
import type { TopicAnswer, UnrecoveredReason } from '../recovery/answer.ts'

export interface TopicPosition {
  readonly epoch: string
  /** Of the newest publication the client has, or need not have. */
  readonly offset: number
}

/** Publications of a topic that will not come. */
export interface Missed {
  readonly topic: string
  /** Of what comes from now on. */
  readonly epoch: string
  /** `dropped`: the server had too much for this client. `overflow`: the program was too slow to take them. */
  readonly reason: UnrecoveredReason | 'dropped' | 'overflow'
  /** The first and the last of them, where they are known: an `epoch` that is gone has none. */
  readonly from?: number
  readonly to?: number
}

/** An event of a topic that has a number. */
export type Placed = EventEnvelope & { readonly topic: string; readonly epoch: string }

export const isPlaced = ({ topic, epoch, offset, gap }: EventEnvelope): boolean =>
  topic !== undefined && epoch !== undefined && (offset ?? gap) !== undefined

interface Place extends TopicPosition {
  /**
   * What the next event may say it follows. It is beyond `offset` where a filter held back what is between, or the server
   * has yet to deliver that.
   */
  readonly base: number
}

/** Within an epoch none goes back, unless it was beyond its end. */
export class Positions {
  readonly #topics = new Map<string, Place>()

  get(topic: string): TopicPosition | undefined {
    const place = this.#topics.get(topic)
    return place && { epoch: place.epoch, offset: place.offset }
  }

  [Symbol.iterator](): MapIterator<[string, TopicPosition]> {
    return this.#topics.entries()
  }

  delete(topic: string): void {
    this.#topics.delete(topic)
  }

  /**
   * What the server said of a topic before any event of it. `anew`: nothing of the topic is on its way, so where the
   * server did not know where the client was and begins later, the rest is missed.
   */
  answer(topic: string, answer: TopicAnswer, anew: boolean): Missed | undefined {
    const { epoch, offset, wasRecovering, reason, gap } = answer
    const known = this.#topics.get(topic)
    const goesOn = known?.epoch === epoch && reason !== 'ahead'
    const isMissed = goesOn && anew && !wasRecovering && offset > known.offset
    this.#topics.set(topic, {
      epoch,
      base: goesOn ? Math.max(known.base, offset) : offset,
      offset: goesOn && !isMissed ? past(known.offset, gap) : offset,
    })
    if (gap !== undefined) return { topic, epoch, reason: 'gap', from: gap.from, to: gap.to }
    if (reason !== undefined) return { topic, epoch, reason }
    if (isMissed) return { topic, epoch, reason: 'gap', from: known.offset + 1, to: offset }
    return known === undefined || goesOn ? undefined : { topic, epoch, reason: 'epoch' }
  }

  /**
   * Whether the event follows what the client has; then it is the newest one. `fromStart`: a topic not heard of before
   * has nothing before this event.
   */
  follow({ topic, epoch, offset, prev, gap }: Placed, fromStart: boolean): boolean {
    const known = this.#topics.get(topic)
    if (known !== undefined && known.epoch !== epoch) return false
    const newest = offset ?? gap!.to
    const base = Math.max(known?.base ?? 0, gap?.to ?? 0)
    const checked = offset !== undefined && (known !== undefined || fromStart)
    if (checked && (prev ?? offset - 1) > base) return false
    this.#topics.set(topic, {
      epoch,
      base: Math.max(base, newest),
      offset: Math.max(known?.offset ?? 0, newest),
    })
    return true
  }
}

/** A position after publications that will not come; unless others before them will. */
function past(offset: number, gap: Gap | undefined): number {
  return gap === undefined || gap.from > offset + 1 ? offset : Math.max(offset, gap.to)
}
