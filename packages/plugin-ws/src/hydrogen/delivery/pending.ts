/**
 * Events that wait for room in a session's window.
 * @module
 */
import type { Lane } from '../envelope/types.ts'
import type { Deliverable } from './message.ts'

/** Every so often the lowest lane is asked first, so that none starves. */
const FAIR_TURN = 16

interface StrictTopic<F> {
  /** What waits until the one before is acknowledged; maps keep their order and delete anywhere. */
  readonly held: Map<string, Deliverable<F>>
}

/** Lane by lane in order; of a strict topic no more than one event is ever out. */
export class Pending<F> {
  readonly #ready: readonly Map<string, Deliverable<F>>[] = [new Map(), new Map(), new Map(), new Map()]
  /** Topics of which a strict event is ready or out. */
  readonly #strict = new Map<string, StrictTopic<F>>()
  readonly #bytes = [0, 0, 0, 0]
  #size = 0
  #turn = 0

  get size(): number {
    return this.#size
  }

  bytes(lane: Lane): number {
    return this.#bytes[lane]!
  }

  get allBytes(): number {
    return this.#bytes.reduce((sum, bytes) => sum + bytes)
  }

  add(event: Deliverable<F>): void {
    this.#size++
    this.#bytes[event.lane]! += event.bytes
    const strict = event.strict ? this.#strict.get(event.topic) : undefined
    if (strict !== undefined) {
      strict.held.set(event.id, event)
      return
    }
    if (event.strict) this.#strict.set(event.topic, { held: new Map() })
    this.#ready[event.lane]!.set(event.id, event)
  }

  /** The event that is next, if any may go out. */
  peek(): Deliverable<F> | undefined {
    const fair = this.#turn % FAIR_TURN === FAIR_TURN - 1
    for (let i = 0; i < 4; i++) {
      const ready = this.#ready[fair ? 3 - i : i]!
      if (ready.size > 0) return ready.values().next().value
    }
    return undefined
  }

  /** Takes out what `peek` gave. A strict one blocks its topic until `release`. */
  take(event: Deliverable<F>): void {
    this.#turn++
    this.#ready[event.lane]!.delete(event.id)
    this.#forget(event)
  }

  /** A strict event that was taken has ended: the next of its topic may go out. */
  release(topic: string): void {
    const strict = this.#strict.get(topic)
    if (strict === undefined) return
    const [next] = strict.held.values()
    if (next === undefined) {
      this.#strict.delete(topic)
      return
    }
    strict.held.delete(next.id)
    this.#ready[next.lane]!.set(next.id, next)
  }

  /** A topic of which a strict event is out before anything waits: after a restart. */
  block(topic: string): void {
    if (!this.#strict.has(topic)) this.#strict.set(topic, { held: new Map() })
  }

  /** Takes out the event of the lane that has waited longest, if one waits. */
  dropOldest(lane: Lane): Deliverable<F> | undefined {
    const ready = this.#ready[lane]!.values().next().value
    if (ready !== undefined) {
      this.#ready[lane]!.delete(ready.id)
      if (ready.strict) this.release(ready.topic)
      this.#forget(ready)
      return ready
    }
    for (const { held } of this.#strict.values()) {
      const first = held.values().next().value
      if (first?.lane !== lane) continue
      held.delete(first.id)
      this.#forget(first)
      return first
    }
    return undefined
  }

  /** Takes out all events of the topic. */
  removeTopic(topic: string): Deliverable<F>[] {
    const removed = [...this].filter(event => event.topic === topic)
    for (const event of removed) {
      this.#ready[event.lane]!.delete(event.id)
      this.#forget(event)
    }
    this.#strict.delete(topic)
    return removed
  }

  clear(): void {
    for (const ready of this.#ready) ready.clear()
    this.#strict.clear()
    this.#bytes.fill(0)
    this.#size = 0
  }

  /** All that waits; those of one topic in their order. */
  *[Symbol.iterator](): Generator<Deliverable<F>> {
    for (const ready of this.#ready) yield* ready.values()
    for (const { held } of this.#strict.values()) yield* held.values()
  }

  #forget(event: Deliverable<F>): void {
    this.#size--
    this.#bytes[event.lane]! -= event.bytes
  }
}
