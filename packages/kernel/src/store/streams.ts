/**
 * All streams of a store.
 * @module
 */
import { SocketError } from '../errors.ts'
import { type Budget, ENTRY_OVERHEAD, full } from './budget.ts'
import { ExpiryHeap } from './expiry.ts'
import type { StoreLimits } from './limits.ts'
import { type LogRetention, StreamLog } from './stream-log.ts'

export class Streams {
  readonly expiry = new ExpiryHeap<StreamLog>()
  readonly #limits: StoreLimits
  readonly #budget: Budget
  readonly #storeId: string
  readonly #logs = new Map<string, StreamLog>()
  /** Those without entries, the longest unused first. */
  readonly #empty = new Set<StreamLog>()
  #made = 0

  constructor(limits: StoreLimits, budget: Budget, storeId: string) {
    this.#limits = limits
    this.#budget = budget
    this.#storeId = storeId
  }

  get size(): number {
    return this.#logs.size
  }

  append(
    name: string,
    bytes: Uint8Array,
    retention: LogRetention,
    key: string | undefined,
    now: number,
  ): [epoch: string, offset: number, duplicate: boolean] {
    if (bytes.length > retention.maxBytes)
      throw new SocketError('EMSGSIZE', `a value of ${bytes.length} bytes exceeds its stream's maxBytes`)
    const log = this.#open(name, now)
    const known = key === undefined ? undefined : log.offsetOf(key)
    if (known !== undefined) return [log.epoch, known, true]
    const excess = log.excess(bytes.length, retention)
    const keyCost = key === undefined ? 0 : ENTRY_OVERHEAD + 2 * key.length
    this.#budget.require(bytes.length + ENTRY_OVERHEAD + keyCost - log.costOf(excess))
    const before = log.cost
    log.retention = retention
    log.drop(excess)
    log.push({ time: now, bytes })
    const { idempotencyWindow, idempotencyKeys } = this.#limits
    if (key !== undefined) log.remember(key, now + idempotencyWindow, idempotencyKeys)
    this.#budget.take(log.cost - before)
    this.#settle(log)
    return [log.epoch, log.top, false]
  }

  /** Entries from an offset on, one at least where there is one, then as many as fit into the bytes. */
  read(
    name: string,
    from: number | undefined,
    limit: number,
    reverse: boolean,
    pageBytes: number,
    now: number,
  ): [epoch: string, top: number, first: number, entries: (number | Uint8Array)[]] {
    const log = this.#open(name, now)
    const { epoch, top, first } = log
    const entries: (number | Uint8Array)[] = []
    const step = reverse ? -1 : 1
    let offset = reverse ? Math.min(from ?? top, top) : Math.max(from ?? first, first)
    let left = pageBytes
    for (let i = 0; i < limit && offset >= first && offset <= top; i++, offset += step) {
      const { time, bytes } = log.at(offset)
      if (i > 0 && bytes.length > left) break
      left -= bytes.length
      entries.push(offset, time, bytes)
    }
    return [epoch, top, first, entries]
  }

  trim(name: string, before: number, now: number): number {
    const log = this.#find(name, now)
    if (!log) return 0
    const count = Math.min(log.length, Math.max(0, before - log.first))
    log.usedAt = now
    this.#change(log, () => log.drop(count))
    return count
  }

  remove(name: string, now: number): boolean {
    const log = this.#find(name, now)
    if (log) this.#forget(log)
    return log !== undefined
  }

  /** Lets go of something that is due; false when nothing is. */
  expireOne(now: number): boolean {
    const log = this.expiry.due(now)
    if (!log) return false
    this.#age(log, now)
    return true
  }

  /** The stream, made if need be: its position is what a reader resumes from, also before the first entry. */
  #open(name: string, now: number): StreamLog {
    const log = this.#find(name, now) ?? this.#make(name)
    log.usedAt = now
    this.#empty.delete(log)
    this.#settle(log)
    return log
  }

  #find(name: string, now: number): StreamLog | undefined {
    const log = this.#logs.get(name)
    if (log && log.expiresAt <= now) this.#age(log, now)
    return this.#logs.get(name)
  }

  #make(name: string): StreamLog {
    if (this.#logs.size >= this.#limits.streams) {
      const [unused] = this.#empty
      if (!unused) throw full(`it has ${this.#limits.streams} streams with entries`)
      this.#forget(unused)
    }
    const log = new StreamLog(name, `${this.#storeId}.${(++this.#made).toString(36)}`, this.#limits)
    this.#budget.require(log.cost)
    this.#budget.take(log.cost)
    this.#logs.set(name, log)
    return log
  }

  #age(log: StreamLog, now: number): void {
    this.#change(log, () => log.age(now))
    if (log.expiresAt <= now) this.#forget(log)
  }

  #change(log: StreamLog, change: () => void): void {
    const before = log.cost
    change()
    this.#budget.take(log.cost - before)
    this.#settle(log)
  }

  #settle(log: StreamLog): void {
    this.expiry.schedule(log, log.nextExpiry(this.#limits.positionTtl))
    if (log.length > 0) this.#empty.delete(log)
    else this.#empty.add(log)
  }

  #forget(log: StreamLog): void {
    this.expiry.remove(log)
    this.#budget.take(-log.cost)
    this.#empty.delete(log)
    this.#logs.delete(log.name)
  }
}
