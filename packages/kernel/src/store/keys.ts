/**
 * The keyed values of a store.
 * @module
 */
import { type Budget, ENTRY_OVERHEAD, full } from './budget.ts'
import { type Expiring, ExpiryHeap } from './expiry.ts'
import type { StoreLimits } from './limits.ts'
import { SortedKeys } from './sorted-keys.ts'

/** No version is given twice, by this store or, as it begins anywhere, by the one that takes its place. */
const FIRST_VERSIONS = 2 ** 52

/** A value as it is answered: its bytes, version, and the milliseconds left to it. */
export type Found = [bytes: Uint8Array, version: number, expiresIn: number | null]

export interface SetCondition {
  readonly ifAbsent: boolean
  readonly ifVersion: number | undefined
}

class KeyedValue implements Expiring {
  readonly key: string
  expiresAt = Number.POSITIVE_INFINITY
  place = -1
  bytes: Uint8Array
  version: number

  constructor(key: string, bytes: Uint8Array, version: number) {
    this.key = key
    this.bytes = bytes
    this.version = version
  }

  get cost(): number {
    return ENTRY_OVERHEAD + 2 * this.key.length + this.bytes.length
  }

  found(now: number): Found {
    const left = this.expiresAt - now
    return [this.bytes, this.version, left === Number.POSITIVE_INFINITY ? null : left]
  }
}

export class Keys {
  readonly expiry = new ExpiryHeap<KeyedValue>()
  readonly #limits: StoreLimits
  readonly #budget: Budget
  readonly #values = new Map<string, KeyedValue>()
  readonly #sorted = new SortedKeys()
  #version = Math.floor(Math.random() * FIRST_VERSIONS)

  constructor(limits: StoreLimits, budget: Budget) {
    this.#limits = limits
    this.#budget = budget
  }

  get size(): number {
    return this.#values.size
  }

  get(key: string, now: number): Found | null {
    return this.#find(key, now)?.found(now) ?? null
  }

  set(
    key: string,
    bytes: Uint8Array,
    ttl: number,
    { ifAbsent, ifVersion }: SetCondition,
    now: number,
  ): [done: boolean, version: number | null] {
    const present = this.#find(key, now)
    if ((ifAbsent && present) || (ifVersion !== undefined && present?.version !== ifVersion))
      return [false, present?.version ?? null]
    const version = this.#version + 1
    const value = present ?? new KeyedValue(key, bytes, version)
    const growth = present ? bytes.length - present.bytes.length : value.cost
    this.#budget.require(growth)
    if (!present) this.#insert(value)
    this.#budget.take(growth)
    value.bytes = bytes
    value.version = this.#version = version
    this.expiry.schedule(value, now + ttl)
    return [true, version]
  }

  delete(key: string, ifVersion: number | undefined, now: number): boolean {
    const value = this.#find(key, now)
    if (!value || (ifVersion !== undefined && value.version !== ifVersion)) return false
    this.#forget(value)
    return true
  }

  take(key: string, now: number): Found | null {
    const value = this.#find(key, now)
    if (!value) return null
    this.#forget(value)
    return value.found(now)
  }

  /** Keys with a prefix behind `after`, one at least where there is one, then as many as fit into the bytes. */
  scan(
    prefix: string,
    limit: number,
    after: string | undefined,
    pageBytes: number,
    now: number,
  ): [entries: unknown[], more: boolean] {
    const entries: unknown[] = []
    let left = pageBytes
    for (const key of this.#sorted.from(after !== undefined && after > prefix ? after : prefix)) {
      if (!key.startsWith(prefix)) break
      const value = this.#values.get(key)!
      if (key === after || value.expiresAt <= now) continue
      const size = value.bytes.length + 2 * key.length
      if (entries.length >= 4 * limit || (entries.length > 0 && size > left)) return [entries, true]
      left -= size
      entries.push(key, ...value.found(now))
    }
    return [entries, false]
  }

  /** Lets go of a key that is due; false when none is. */
  expireOne(now: number): boolean {
    const value = this.expiry.due(now)
    if (value) this.#forget(value)
    return value !== undefined
  }

  #find(key: string, now: number): KeyedValue | undefined {
    const value = this.#values.get(key)
    if (value === undefined || value.expiresAt > now) return value
    this.#forget(value)
    return undefined
  }

  #insert(value: KeyedValue): void {
    if (this.#values.size >= this.#limits.keys) throw full(`it has ${this.#limits.keys} keys`)
    this.#values.set(value.key, value)
    this.#sorted.add(value.key)
  }

  #forget(value: KeyedValue): void {
    this.expiry.remove(value)
    this.#budget.take(-value.cost)
    this.#values.delete(value.key)
    this.#sorted.delete(value.key)
  }
}
