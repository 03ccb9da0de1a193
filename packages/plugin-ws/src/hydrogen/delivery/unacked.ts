/**
 * Events that were given out and have not ended.
 * @module
 */
import type { AckEnvelope } from '../envelope/types.ts'
import type { Deliverable, Message } from './message.ts'

/** Which events an acknowledgment names. */
export type AckTarget = Pick<AckEnvelope, 'id' | 'ids' | 'upto' | 'attempt'>

/** By id, in the order of their numbers. */
export class Unacked<F> {
  readonly #messages = new Map<string, Message<F>>()
  #bytes = 0
  #lastSeq = 0

  get size(): number {
    return this.#messages.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The number of the newest one that was ever given out. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  get(id: string): Message<F> | undefined {
    return this.#messages.get(id)
  }

  /** Gives the event the next number. */
  add(event: Deliverable<F>): Message<F> {
    const message: Message<F> = {
      ...event,
      seq: this.#lastSeq + 1,
      state: 'queued',
      attempt: 1,
      written: 0,
      firstWrite: 0,
      lastWrite: 0,
      failures: 0,
      sentAt: 0,
      deadline: 0,
      delayed: false,
    }
    this.restore(message, message.seq)
    return message
  }

  /** Takes on a message as it was, and the number of the newest one. */
  restore(message: Message<F> | undefined, lastSeq: number): void {
    this.#lastSeq = lastSeq
    if (message === undefined) return
    this.#messages.set(message.id, message)
    this.#bytes += message.bytes
  }

  /** False: it has already ended. */
  delete(message: Message<F>): boolean {
    if (!this.#messages.delete(message.id)) return false
    this.#bytes -= message.bytes
    return true
  }

  /** Those there are now; changes do not disturb it. */
  list(): Message<F>[] {
    return [...this.#messages.values()]
  }

  /**
   * The messages an acknowledgment names, and how many of its ids stand for none. Undefined: one of them was not written
   * yet, or not so often.
   */
  named({ id, ids, upto, attempt = 0 }: AckTarget): { messages: Message<F>[]; unknown: number } | undefined {
    const messages: Message<F>[] = []
    if (upto !== undefined) {
      if (upto > this.#lastSeq) return undefined
      for (const message of this.#messages.values()) {
        if (message.seq > upto) break
        if (message.written === 0) return undefined
        messages.push(message)
      }
      return { messages, unknown: 0 }
    }
    let unknown = 0
    for (const one of ids ?? [id!]) {
      const message = this.#messages.get(one)
      if (message === undefined) unknown++
      else if (message.written === 0 || attempt > message.written) return undefined
      else messages.push(message)
    }
    return { messages, unknown }
  }
}
