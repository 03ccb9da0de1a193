/**
 * One limit: how many requests each client has made in its window.
 * @module
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Addr, addressKey, type BatchCall, ExpiringMap, type Store } from '@unisock/kernel/plugin'
import { TrustedPeers } from '@unisock/plugin-http/core'
import type { RestRateLimit } from '../types.ts'

/** Clients that are counted; beyond that, those whose windows are oldest are forgotten, and the store learns of none. */
const MAX_CLIENTS = 50_000

/** Milliseconds for which counts are gathered before the store is told of them. */
const GATHERING = 100
/** Milliseconds that a request waits for what the store knows of its client. */
const PATIENCE = 1000
/** Counts that the store is told of at once. */
const BATCH = 500

/** A client's window. */
interface Count {
  used: number
  /** When it ends, on the clock of `Date.now()`. */
  ends: number
  /** Of `used`, what the store has not been told. */
  untold: number
  /** It was refused in this window already. */
  refused: boolean
  /** The store is told of it: a flood of clients must not fill that, for it is not the limit's alone. */
  readonly told: boolean
}

/** How a client stands with a limit after a request. */
export interface Standing {
  readonly exceeded: boolean
  /** The first refusal of its window. */
  readonly first: boolean
  readonly remaining: number
  /** Seconds until the window ends. */
  readonly reset: number
}

export interface LimiterOptions {
  readonly limit: RestRateLimit
  /** What tells it from other limits in the store. */
  readonly name: string
  /** Where counts outlive the worker; undefined: nowhere. */
  readonly store: Store | undefined
  /** The store could not be reached: counting goes on without. */
  readonly onError: (error: Error) => void
  readonly now?: () => number
}

export class RateLimiter {
  readonly limit: RestRateLimit
  /** RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers. */
  readonly policy: string
  readonly #prefix: string
  readonly #store: Store | undefined
  readonly #onError: (error: Error) => void
  readonly #now: () => number
  readonly #allowed: TrustedPeers | undefined
  readonly #length: number
  readonly #clients: ExpiringMap<string, Count>
  /** Windows that the store is being asked for. */
  readonly #asked = new Map<string, Promise<Count>>()
  /** Counts that the store is behind with. */
  readonly #untold = new Map<string, Count>()
  /** Counts that are on their way to it. */
  #sent = 0
  #telling: NodeJS.Timeout | undefined

  constructor({ limit, name, store, onError, now = Date.now }: LimiterOptions) {
    const { max, window, policy = 'default', allow = [] } = limit
    this.limit = limit
    this.policy = `"${policy}";q=${max};w=${window}`
    this.#prefix = name
    this.#store = store
    this.#onError = onError
    this.#now = now
    this.#allowed = allow.length > 0 ? new TrustedPeers(allow) : undefined
    this.#length = window * 1000
    this.#clients = new ExpiringMap(this.#length, MAX_CLIENTS)
  }

  /** Clients that are counted at the moment. */
  get size(): number {
    return this.#clients.size
  }

  /** Clients of whom the store does not know all yet. */
  get unsaved(): number {
    return this.#untold.size + this.#sent
  }

  /** Whom a request is counted for; undefined: it is not counted. */
  clientOf(request: IncomingMessage, peer: Addr, user: string | undefined): string | undefined {
    if (this.#allowed?.has(peer)) return undefined
    const { key = 'ip' } = this.limit
    if (key === 'user' && user !== undefined) return digest('u', user)
    if (typeof key === 'object') {
      const value = request.headers[key.header.toLowerCase()]
      if (value !== undefined) return digest('h', String(value))
    }
    return `a${addressKey(peer.address)}`
  }

  /** Counts a request. */
  take(client: string): Standing | Promise<Standing> {
    const now = this.#now()
    const count = this.#clients.get(client, now)
    if (count && count.ends > now) return this.#use(client, count, now)
    if (!this.#store) return this.#use(client, this.#begin(client, 0, now + this.#length, now), now)
    return this.#ask(client, this.#store).then(known => this.#use(client, known, this.#now()))
  }

  #use(client: string, count: Count, now: number): Standing {
    const { max } = this.limit
    const reset = Math.max(1, Math.ceil((count.ends - now) / 1000))
    if (count.used >= max) {
      const first = !count.refused
      count.refused = true
      return { exceeded: true, first, remaining: 0, reset }
    }
    count.used++
    if (count.told) this.#tellSoon(client, count)
    return { exceeded: false, first: false, remaining: max - count.used, reset }
  }

  #begin(client: string, used: number, ends: number, now: number): Count {
    const told = this.#store !== undefined && !this.#clients.full(now)
    const count: Count = { used, ends, untold: 0, refused: false, told }
    this.#clients.set(client, count, now)
    return count
  }

  /** A worker before this one may have counted the client. */
  #ask(client: string, store: Store): Promise<Count> {
    let asked = this.#asked.get(client)
    if (!asked) {
      asked = this.#recall(client, store).finally(() => this.#asked.delete(client))
      this.#asked.set(client, asked)
    }
    return asked
  }

  async #recall(client: string, store: Store): Promise<Count> {
    let used = 0
    let left: number | undefined
    try {
      // Adding nothing only looks.
      const { total, expiresIn } = await soon(store.add(this.#prefix + client, 0))
      used = total
      left = expiresIn
    } catch (error) {
      this.#failed(error)
    }
    const now = this.#now()
    return this.#begin(client, used, now + (left ?? this.#length), now)
  }

  #tellSoon(client: string, count: Count): void {
    count.untold++
    this.#untold.set(client, count)
    this.#telling ??= setTimeout(() => this.#tell(), GATHERING).unref()
  }

  #tell(): void {
    this.#telling = undefined
    const now = this.#now()
    const calls = [...this.#untold].flatMap(([client, { untold, ends }]) =>
      ends > now ? [['add', this.#prefix + client, untold, { ttl: Math.ceil(ends - now) }] as const] : [],
    )
    for (const count of this.#untold.values()) count.untold = 0
    this.#untold.clear()
    for (let at = 0; at < calls.length; at += BATCH) void this.#send(calls.slice(at, at + BATCH))
  }

  async #send(calls: readonly BatchCall[]): Promise<void> {
    this.#sent += calls.length
    try {
      for (const result of await this.#store!.batch(calls))
        if (result.status === 'rejected') this.#failed(result.reason)
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#sent -= calls.length
    }
  }

  #failed(error: unknown): void {
    // The worker is closing.
    if ((error as { code?: unknown }).code !== 'ECLOSED') this.#onError(error as Error)
  }
}

/** @throws {Error} when it takes too long. */
function soon<T>(call: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the store does not answer')), PATIENCE)
    call.then(resolve, reject).finally(() => clearTimeout(late))
  })
}

/** Names in a store are short, and what a client sends is as long as it likes. */
export function digest(kind: string, text: string): string {
  return kind + createHash('sha256').update(text).digest('base64url')
}
