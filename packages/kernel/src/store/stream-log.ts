/**
 * One stream: its entries, its position, and the idempotency keys of its last appends.
 * @module
 */
import { ENTRY_OVERHEAD } from './budget.ts'
import type { Expiring } from './expiry.ts'
import type { StoreLimits } from './limits.ts'

/** Entries that were dropped are moved out of the array once they are so many, and more than are left. */
const COMPACT_FROM = 64

export interface LogEntry {
  readonly time: number
  readonly bytes: Uint8Array
}

/** A stream's retention with the store's limits for what was not asked. */
export interface LogRetention {
  readonly maxLength: number
  readonly maxBytes: number
  readonly maxAge: number
}

export class StreamLog implements Expiring {
  readonly name: string
  readonly epoch: string
  expiresAt = Number.POSITIVE_INFINITY
  place = -1
  top = 0
  /** Bytes of the values. */
  bytes = 0
  retention: LogRetention
  /** When it was last appended to or read. */
  usedAt = 0
  readonly #keys = new Map<string, { offset: number; until: number }>()
  #keyBytes = 0
  #entries: (LogEntry | undefined)[] = []
  #head = 0

  constructor(name: string, epoch: string, limits: StoreLimits) {
    this.name = name
    this.epoch = epoch
    this.retention = {
      maxLength: limits.streamLength,
      maxBytes: limits.streamBytes,
      maxAge: Number.POSITIVE_INFINITY,
    }
  }

  get length(): number {
    return this.#entries.length - this.#head
  }

  /** Offset of the oldest entry. */
  get first(): number {
    return this.top - this.length + 1
  }

  /** What it takes of the store's budget. */
  get cost(): number {
    return (
      4 * ENTRY_OVERHEAD +
      2 * this.name.length +
      this.bytes +
      (this.length + this.#keys.size) * ENTRY_OVERHEAD +
      this.#keyBytes
    )
  }

  at(offset: number): LogEntry {
    return this.#entries[this.#head + offset - this.first]!
  }

  /** How many of the oldest entries go when one of `size` bytes comes. */
  excess(size: number, retention: LogRetention): number {
    let count = 0
    let bytes = this.bytes + size
    while (count < this.length && (this.length - count >= retention.maxLength || bytes > retention.maxBytes))
      bytes -= this.#entries[this.#head + count++]!.bytes.length
    return count
  }

  push(entry: LogEntry): void {
    this.#entries.push(entry)
    this.bytes += entry.bytes.length
    this.top++
  }

  /** Drops the oldest entries. */
  drop(count: number): void {
    for (const end = this.#head + count; this.#head < end; this.#head++) {
      this.bytes -= this.#entries[this.#head]!.bytes.length
      this.#entries[this.#head] = undefined
    }
    if (this.#head < COMPACT_FROM || this.#head < this.length) return
    this.#entries = this.#entries.slice(this.#head)
    this.#head = 0
  }

  /** What the oldest `count` entries take of the budget. */
  costOf(count: number): number {
    let bytes = count * ENTRY_OVERHEAD
    for (let i = 0; i < count; i++) bytes += this.#entries[this.#head + i]!.bytes.length
    return bytes
  }

  /** Drops the entries and forgets the keys whose time is over. */
  age(now: number): void {
    const { maxAge } = this.retention
    let old = 0
    for (; old < this.length; old++) {
      const gone = this.#entries[this.#head + old]!.time + maxAge
      if (gone > now) break
      // The position outlives the entries: its own time begins when the last one is gone.
      this.usedAt = Math.max(this.usedAt, gone)
    }
    this.drop(old)
    for (const [key, { until }] of this.#keys) {
      if (until > now) break
      this.#forget(key)
    }
  }

  offsetOf(key: string): number | undefined {
    return this.#keys.get(key)?.offset
  }

  /** Knows the newest entry by a key. */
  remember(key: string, until: number, most: number): void {
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size < most) break
      this.#forget(oldest)
    }
    this.#keys.set(key, { offset: this.top, until })
    this.#keyBytes += 2 * key.length
  }

  /** When something of it is over next. */
  nextExpiry(positionTtl: number): number {
    const oldest = this.#entries[this.#head]
    const data = oldest ? oldest.time + this.retention.maxAge : this.usedAt + positionTtl
    for (const { until } of this.#keys.values()) return Math.min(data, until)
    return data
  }

  #forget(key: string): void {
    this.#keys.delete(key)
    this.#keyBytes -= 2 * key.length
  }
}
