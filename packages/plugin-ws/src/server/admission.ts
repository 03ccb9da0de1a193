/**
 * How many may connect, and how often: SO_MAX_CONNECTIONS, RATE_LIMIT_CONNECTIONS and RATE_LIMIT_BAN.
 * @module
 */
import {
  addressKey,
  ExpiringMap,
  type PluginSocket,
  RATE_LIMIT_BAN,
  RATE_LIMIT_CONNECTIONS,
  SO_MAX_CONNECTIONS,
} from '@unisock/kernel/plugin'
import { bucketFor } from '../connection/rates.ts'
import { Bans } from '../limits/bans.ts'
import { KeptBans } from '../limits/kept-bans.ts'
import type { TokenBucket } from '../limits/token-bucket.ts'
import { Place, type Places } from './place.ts'
import type { Refusal } from './refusal.ts'

/** Addresses that are remembered; beyond that, those unheard of for longest are forgotten. */
const MAX_ADDRESSES = 10_000

export class AdmissionControl implements Places {
  readonly #socket: PluginSocket
  #buckets = new ExpiringMap<string, TokenBucket>(0, MAX_ADDRESSES)
  #bans: Bans | undefined
  #kept: KeptBans | undefined
  /** Connections that are open, or on their way to be. */
  #taken = 0

  constructor(socket: PluginSocket) {
    this.#socket = socket
    this.refresh()
  }

  get taken(): number {
    return this.#taken
  }

  /** Reads the options again, and forgets what was counted by the old ones. */
  refresh(): void {
    const bucket = bucketFor(this.#socket.option(RATE_LIMIT_CONNECTIONS), 0)
    // A bucket that is full again is like a new one.
    const refilled = bucket ? (bucket.burst / bucket.rate) * 1000 : 0
    this.#buckets = new ExpiringMap(refilled, MAX_ADDRESSES)
    const ban = this.#socket.option(RATE_LIMIT_BAN)
    if (ban === undefined) {
      this.#bans = this.#kept = undefined
      return
    }
    this.#kept ??= new KeptBans(this.#socket.store, `ban:${this.#socket.fd}:`)
    const { after = 10, seconds = 60, factor = 4, max = 86_400 } = ban
    this.#bans = new Bans({
      threshold: after,
      first: seconds * 1000,
      factor,
      longest: max * 1000,
      memory: max * 1000,
    })
  }

  /** Puts bans into effect again that were made before this worker began. */
  async restore(): Promise<void> {
    const bans = this.#bans
    if (bans !== undefined) await this.#kept?.restore(bans, performance.now())
  }

  /** Whether an address may go on with a handshake now. A ban goes before a limit: it is no further offence. */
  check(address: string): Refusal | undefined {
    const now = performance.now()
    const key = addressKey(address)
    const banned = this.#bans?.remaining(key, now) ?? 0
    if (banned > 0) return tooMany('This address is shut out for a while.', banned)
    const wait = this.#wait(key, now)
    if (wait === 0) return undefined
    this.offence(address)
    return tooMany('Too many connections from this address.', wait)
  }

  /** A place for one connection; undefined: SO_MAX_CONNECTIONS are taken. */
  take(address: string): Place | undefined {
    const limit = this.#socket.option(SO_MAX_CONNECTIONS)
    if (limit > 0 && this.#taken >= limit) return undefined
    this.#taken++
    return new Place(this, address)
  }

  freed(): void {
    this.#taken--
  }

  /** An address did what it may not; true: it is shut out for that. */
  offence(address: string): boolean {
    const bans = this.#bans
    if (bans === undefined) return false
    const key = addressKey(address)
    const now = performance.now()
    const length = bans.offence(key, now)
    if (length === 0) return false
    this.#kept?.keep(key, bans.count(key, now), length).catch((error: Error) => {
      this.#socket.log('warn', 'a ban will not outlive its worker', { address: key, error: error.message })
    })
    return true
  }

  #wait(key: string, now: number): number {
    const limit = this.#socket.option(RATE_LIMIT_CONNECTIONS)
    if (limit === undefined) return 0
    const bucket = this.#buckets.get(key, now) ?? bucketFor(limit, now)!
    this.#buckets.set(key, bucket, now)
    return bucket.take(1, now) ? 0 : Math.max(1, bucket.wait(1, now))
  }
}

function tooMany(reason: string, wait: number): Refusal {
  return { status: 429, reason, headers: { 'Retry-After': String(Math.max(1, Math.ceil(wait / 1000))) } }
}
