/**
 * How far each topic was taken.
 * @module
 */

/** Everything of a topic up to this offset was offered. */
export interface AcceptedUpTo {
  readonly epoch: string
  readonly offset: number
}

interface Place extends AcceptedUpTo {
  readonly topic: string
}

/** Topics that are remembered; beyond that, the one that was quiet for longest is forgotten. */
const MAX_TOPICS = 4096

export class Accepted {
  readonly #topics = new Map<string, AcceptedUpTo>()

  of(topic: string): AcceptedUpTo | undefined {
    return this.#topics.get(topic)
  }

  /** Whether this event, or a later one of its epoch, was taken. */
  covers({ topic, epoch, offset }: Place): boolean {
    const before = this.#topics.get(topic)
    return before !== undefined && before.epoch === epoch && offset <= before.offset
  }

  note({ topic, epoch, offset }: Place): void {
    if (!this.#topics.delete(topic) && this.#topics.size >= MAX_TOPICS) {
      const quietest = this.#topics.keys().next()
      if (!quietest.done) this.#topics.delete(quietest.value)
    }
    this.#topics.set(topic, { epoch, offset })
  }

  delete(topic: string): void {
    this.#topics.delete(topic)
  }

  clear(): void {
    this.#topics.clear()
  }

  [Symbol.iterator](): MapIterator<[string, AcceptedUpTo]> {
    return this.#topics.entries()
  }
}
