/**
 * A store's data and what is done with it, in the thread it lives in: {@link TO_STORE} operations on packed values.
 * @module
 */
import { randomBytes } from 'node:crypto'
import { SocketError, toErrorRecord } from '../errors.ts'
import { bytesOf, durationOf, flagOf, integerOf, integerOr, invalid, nameOf } from './arguments.ts'
import { Budget } from './budget.ts'
import { Channels } from './channels.ts'
import { type Clock, systemClock } from './clock.ts'
import { Counters } from './counters.ts'
import { Keys } from './keys.ts'
import { DEFAULT_LIMITS, type StoreLimits } from './limits.ts'
import { TO_STORE } from './operations.ts'
import type { Outlet } from './outlet.ts'
import type { LogRetention } from './stream-log.ts'
import { Streams } from './streams.ts'

export interface StoreOptions {
  limits?: Partial<StoreLimits>
  clock?: Clock
}

export interface StoreInspection {
  readonly id: string
  readonly bytes: number
  readonly keys: number
  readonly counters: number
  readonly streams: number
  readonly channels: number
}

/** What one call lets go of at most of what is due: many things may be due at once. */
const SWEEP_STEP = 10_000
/** Milliseconds between sweeps that no call causes. */
const SWEEP_AFTER = 100
const SWEEP_BEFORE = 60_000
const MAX = Number.MAX_SAFE_INTEGER

export class StoreEngine {
  readonly limits: StoreLimits
  /** Random, with the time of its start: no two stores have the same. */
  readonly id: string
  readonly channels: Channels
  readonly #clock: Clock
  readonly #budget: Budget
  readonly #streams: Streams
  readonly #keys: Keys
  readonly #counters: Counters
  #undoSweep: (() => void) | undefined
  /** Bytes that the reads of one call or batch may still answer with. */
  #answerBytes = 0
  #disposed = false

  constructor({ limits, clock = systemClock }: StoreOptions = {}) {
    this.limits = { ...DEFAULT_LIMITS, ...limits }
    this.#clock = clock
    this.id = `${randomBytes(8).toString('hex')}-${clock.now().toString(36)}`
    this.#budget = new Budget(this.limits.totalBytes)
    this.#streams = new Streams(this.limits, this.#budget, this.id)
    this.#keys = new Keys(this.limits, this.#budget)
    this.#counters = new Counters(this.limits, this.#budget)
    this.channels = new Channels(this.limits)
  }

  /** Does an operation for a worker. One that throws has changed nothing. @throws SocketError as {@link Store} says */
  execute(outlet: Outlet, op: number, fields: readonly unknown[]): unknown {
    if (this.#disposed) throw new SocketError('ECLOSED', 'the store is disposed')
    const now = this.#clock.now()
    this.#sweep(now)
    this.#answerBytes = this.limits.batchBytes
    const result =
      op === TO_STORE.BATCH ? this.#batch(outlet, fields[0], now) : this.#one(outlet, op, fields, now)
    this.#armSweep(now)
    return result
  }

  inspect(): StoreInspection {
    return {
      id: this.id,
      bytes: this.#budget.used,
      keys: this.#keys.size,
      counters: this.#counters.size,
      streams: this.#streams.size,
      channels: this.channels.size,
    }
  }

  dispose(): void {
    this.#disposed = true
    this.#undoSweep?.()
  }

  #batch(outlet: Outlet, calls: unknown, now: number): unknown[] {
    if (!Array.isArray(calls)) throw invalid('a batch is no list')
    const { batchLength } = this.limits
    if (calls.length > batchLength)
      throw invalid(`a batch of ${calls.length} calls, more than ${batchLength}`)
    return calls.map(call => {
      try {
        const [op, ...fields] = call as [number, ...unknown[]]
        return [true, this.#one(outlet, op, fields, now)]
      } catch (error) {
        return [false, toErrorRecord(error, 'EPLUGIN')]
      }
    })
  }

  #one(outlet: Outlet, op: number, [a, b, c, d, e]: readonly unknown[], now: number): unknown {
    const { limits } = this
    switch (op) {
      case TO_STORE.APPEND: {
        const stream = nameOf(a, 'a stream', limits)
        const bytes = own(bytesOf(b, limits))
        const key = d == null ? undefined : nameOf(d, 'an idempotency key', limits)
        const channel = e == null ? undefined : nameOf(e, 'a channel', limits)
        const appended = this.#streams.append(stream, bytes, this.#retention(c), key, now)
        const [epoch, offset, duplicate] = appended
        if (channel !== undefined && !duplicate)
          this.channels.publish(channel, bytes, { epoch, offset, time: now })
        return appended
      }
      case TO_STORE.READ: {
        const stream = nameOf(a, 'a stream', limits)
        const from = integerOr(b, undefined, 'from', 0, MAX)
        const limit = integerOr(c, limits.pageLength, 'limit', 0, limits.pageLength)
        const page = this.#streams.read(stream, from, limit, flagOf(d, 'reverse'), this.#readable(), now)
        for (const part of page[3]) if (typeof part !== 'number') this.#answerBytes -= part.length
        return page
      }
      case TO_STORE.TRIM:
        return this.#streams.trim(nameOf(a, 'a stream', limits), integerOf(b, 'an offset', 0, MAX), now)
      case TO_STORE.REMOVE:
        return this.#streams.remove(nameOf(a, 'a stream', limits), now)
      case TO_STORE.GET: {
        const key = nameOf(a, 'a key', limits)
        this.#readable()
        return this.#answer(this.#keys.get(key, now))
      }
      case TO_STORE.SET: {
        const key = nameOf(a, 'a key', limits)
        const condition = {
          ifAbsent: flagOf(d, 'ifAbsent'),
          ifVersion: integerOr(e, undefined, 'ifVersion', 0, MAX),
        }
        return this.#keys.set(key, own(bytesOf(b, limits)), durationOf(c, 'ttl'), condition, now)
      }
      case TO_STORE.DELETE:
        return this.#keys.delete(
          nameOf(a, 'a key', limits),
          integerOr(b, undefined, 'ifVersion', 0, MAX),
          now,
        )
      case TO_STORE.TAKE: {
        const key = nameOf(a, 'a key', limits)
        this.#readable()
        return this.#answer(this.#keys.take(key, now))
      }
      case TO_STORE.SCAN: {
        const prefix = nameOf(a, 'a prefix', limits)
        const limit = integerOr(b, limits.pageLength, 'limit', 1, limits.pageLength)
        const after = c == null ? undefined : nameOf(c, 'after', limits)
        const page = this.#keys.scan(prefix, limit, after, this.#readable(), now)
        for (const part of page[0]) if (part instanceof Uint8Array) this.#answerBytes -= part.length
        return page
      }
      case TO_STORE.ADD: {
        const key = nameOf(a, 'a counter', limits)
        return this.#counters.add(key, integerOf(b, 'n', -MAX, MAX), durationOf(c, 'ttl'), now)
      }
      case TO_STORE.PUBLISH:
        return this.channels.publish(nameOf(a, 'a channel', limits), bytesOf(b, limits))
      case TO_STORE.SUBSCRIBE:
        this.channels.subscribe(outlet, nameOf(a, 'a channel', limits))
        return null
      case TO_STORE.UNSUBSCRIBE:
        this.channels.unsubscribe(outlet, nameOf(a, 'a channel', limits))
        return null
      default:
        throw new SocketError('EPROTO', `the store knows no operation ${op}`)
    }
  }

  #retention(asked: unknown): LogRetention {
    if (!Array.isArray(asked)) throw invalid('a retention is no list')
    const [length, bytes, age] = asked
    const { streamLength, streamBytes } = this.limits
    return {
      maxLength: integerOr(length, streamLength, 'maxLength', 1, streamLength),
      maxBytes: integerOr(bytes, streamBytes, 'maxBytes', 1, streamBytes),
      maxAge: durationOf(age, 'maxAge'),
    }
  }

  /** The bytes a read may answer with. @throws SocketError ENOBUFS when those of a batch are used up */
  #readable(): number {
    if (this.#answerBytes > 0) return Math.min(this.#answerBytes, this.limits.pageBytes)
    throw new SocketError('ENOBUFS', `the answers to a batch exceed ${this.limits.batchBytes} bytes`)
  }

  #answer<T extends readonly [Uint8Array, ...unknown[]] | null>(found: T): T {
    if (found) this.#answerBytes -= found[0].length
    return found
  }

  #sweep(now: number): void {
    for (const part of [this.#keys, this.#counters, this.#streams])
      for (let i = 0; i < SWEEP_STEP && part.expireOne(now); i++);
  }

  /** Calls look at what is due themselves; without any, memory is still given back. */
  #armSweep(now: number): void {
    if (this.#undoSweep) return
    const next = Math.min(this.#keys.expiry.next, this.#counters.expiry.next, this.#streams.expiry.next)
    if (next === Number.POSITIVE_INFINITY) return
    const wait = Math.min(Math.max(next - now, SWEEP_AFTER), SWEEP_BEFORE)
    this.#undoSweep = this.#clock.after(wait, () => {
      this.#undoSweep = undefined
      const then = this.#clock.now()
      this.#sweep(then)
      this.#armSweep(then)
    })
  }
}

/** Bytes with memory of their own: a view would keep the batch it came in. */
function own(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}
