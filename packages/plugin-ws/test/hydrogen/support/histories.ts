/**
 * The histories of all topics.
 * @module
 */
import { type HistoryLimits, TopicHistory } from '../../../src/hydrogen/history/topic-history.ts'

/** Topics come into being when they are first asked for, and go when nothing is left to know of them. */
export class Histories<F> {
  readonly #topics = new Map<string, TopicHistory<F>>()
  readonly #limitsOf: (topic: string) => Readonly<HistoryLimits>

  constructor(limitsOf: (topic: string) => Readonly<HistoryLimits>) {
    this.#limitsOf = limitsOf
  }

  get size(): number {
    return this.#topics.size
  }

  get bytes(): number {
    let sum = 0
    for (const history of this.#topics.values()) sum += history.bytes
    return sum
  }

  /** The topic's history; one that was forgotten begins a new epoch. */
  of(topic: string, now: number): TopicHistory<F> {
    const known = this.peek(topic, now)
    if (known !== undefined) return known
    const history = new TopicHistory<F>(this.#limitsOf(topic), now)
    this.#topics.set(topic, history)
    return history
  }

  /** The topic's history, if it has one. */
  peek(topic: string, now: number): TopicHistory<F> | undefined {
    const history = this.#topics.get(topic)
    return history?.forgotten(now) ? undefined : history
  }

  /** Lets go of what is too old, and of topics of which nothing is left to know. */
  sweep(now: number): void {
    for (const [topic, history] of this.#topics)
      if (history.forgotten(now)) this.#topics.delete(topic)
      else history.trim(now)
  }
}
