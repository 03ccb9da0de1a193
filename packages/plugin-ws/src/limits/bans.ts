/**
 * Peers that are refused for a while, longer each time.
 * @module
 */
import { ExpiringMap } from '@unisock/kernel/plugin'

export interface BanOptions {
  /** How many offences lead to a ban. @default 10 */
  threshold?: number
  /** Milliseconds in which they must lie. @default 60000 */
  period?: number
  /** Milliseconds of the first ban. @default 60000 */
  first?: number
  /** How many times as long each further one is. @default 4 */
  factor?: number
  /** Milliseconds at most. @default 86400000 */
  longest?: number
  /** Milliseconds of good behaviour after which all is forgotten; no less than the longest ban. @default 172800000 */
  memory?: number
  /** Peers that are remembered; beyond that, the ones unheard of for longest are forgotten. @default 10000 */
  max?: number
}

interface Peer {
  offences: number
  since: number
  bans: number
  until: number
}

/** One record a peer, by whatever names it: an address, a user. */
export class Bans {
  readonly #options: Required<BanOptions>
  readonly #peers: ExpiringMap<string, Peer>

  constructor(options: BanOptions = {}) {
    const all = {
      threshold: 10,
      period: 60_000,
      first: 60_000,
      factor: 4,
      longest: 86_400_000,
      memory: 172_800_000,
      max: 10_000,
      ...options,
    }
    this.#options = all
    this.#peers = new ExpiringMap(Math.max(all.memory, all.longest), all.max)
  }

  /** Peers that are remembered. */
  get size(): number {
    return this.#peers.size
  }

  /** Counts an offence; the milliseconds for which the peer is banned with it, 0: not yet. */
  offence(peer: string, now: number, weight = 1): number {
    const { threshold, period, first, factor, longest } = this.#options
    const record = this.#peers.get(peer, now) ?? { offences: 0, since: now, bans: 0, until: 0 }
    if (now - record.since >= period) {
      record.offences = 0
      record.since = now
    }
    record.offences += weight
    const banned = record.offences >= threshold
    const length = banned ? Math.min(longest, first * factor ** record.bans) : 0
    if (banned) {
      record.bans++
      record.offences = 0
      record.until = Math.max(record.until, now + length)
    }
    this.#peers.set(peer, record, now)
    return length
  }

  /** How often the peer was banned, as far as that is remembered. */
  count(peer: string, now: number): number {
    return this.#peers.get(peer, now)?.bans ?? 0
  }

  /** Bans a peer for the rest of a ban that was kept elsewhere, its `count`th. */
  restore(peer: string, count: number, remaining: number, now: number): void {
    this.#peers.set(peer, { offences: 0, since: now, bans: count, until: now + remaining }, now)
  }

  /** Milliseconds for which the peer is still banned; 0: it is not. */
  remaining(peer: string, now: number): number {
    const record = this.#peers.get(peer, now)
    return record === undefined ? 0 : Math.max(0, record.until - now)
  }

  /** Forgets the peer's ban and its offences. */
  pardon(peer: string): boolean {
    return this.#peers.delete(peer)
  }
}
