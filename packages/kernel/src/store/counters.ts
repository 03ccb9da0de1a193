/**
 * The counters of a store.
 * @module
 */
import { invalid } from './arguments.ts'
import { type Budget, ENTRY_OVERHEAD, full } from './budget.ts'
import { type Expiring, ExpiryHeap } from './expiry.ts'
import type { StoreLimits } from './limits.ts'

interface Counter extends Expiring {
  readonly key: string
  total: number
}

export class Counters {
  readonly expiry = new ExpiryHeap<Counter>()
  readonly #limits: StoreLimits
  readonly #budget: Budget
  readonly #counters = new Map<string, Counter>()

  constructor(limits: StoreLimits, budget: Budget) {
    this.#limits = limits
    this.#budget = budget
  }

  get size(): number {
    return this.#counters.size
  }

  add(key: string, n: number, ttl: number, now: number): [total: number, expiresIn: number | null] {
    const present = this.#find(key, now)
    const total = (present?.total ?? 0) + n
    if (!Number.isSafeInteger(total)) throw invalid(`counter ${key} would come to ${total}`)
    if (total === 0) {
      if (present) this.#forget(present)
      return [0, null]
    }
    const counter = present ?? this.#begin(key, now + ttl)
    counter.total = total
    const left = counter.expiresAt - now
    return [total, left === Number.POSITIVE_INFINITY ? null : left]
  }

  /** Lets go of a counter that is due; false when none is. */
  expireOne(now: number): boolean {
    const counter = this.expiry.due(now)
    if (counter) this.#forget(counter)
    return counter !== undefined
  }

  #find(key: string, now: number): Counter | undefined {
    const counter = this.#counters.get(key)
    if (counter === undefined || counter.expiresAt > now) return counter
    this.#forget(counter)
    return undefined
  }

  #begin(key: string, expiresAt: number): Counter {
    if (this.#counters.size >= this.#limits.counters) throw full(`it has ${this.#limits.counters} counters`)
    const cost = costOf(key)
    this.#budget.require(cost)
    this.#budget.take(cost)
    const counter: Counter = { key, total: 0, expiresAt: Number.POSITIVE_INFINITY, place: -1 }
    this.#counters.set(key, counter)
    this.expiry.schedule(counter, expiresAt)
    return counter
  }

  #forget(counter: Counter): void {
    this.expiry.remove(counter)
    this.#budget.take(-costOf(counter.key))
    this.#counters.delete(counter.key)
  }
}

function costOf(key: string): number {
  return ENTRY_OVERHEAD + 2 * key.length
}
