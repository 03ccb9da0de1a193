/**
 * A DNS cache that balances address families and puts failing addresses last.
 * @module
 */
import type { LookupFunction } from 'node:net'
import { type IPAddr, type IPFamily, tryParseIP } from '../address/index.ts'
import { DNSError, SocketsError } from '../errors.ts'
import { type AddrInfoOptions, ofFamily } from './addr-info.ts'
import { isNotFound, type Resolution, type ResolverBackend, systemBackend } from './backend.ts'
import { balance } from './balance.ts'
import { BoundedMap } from './bounded-map.ts'
import { checkHost } from './host.ts'
import { createLookup } from './lookup.ts'

export interface HostResolverOptions {
  /** @default {@link systemBackend} */
  backend?: ResolverBackend | undefined
  /** Seconds an answer is kept; the most where the answer names its own TTL. 0 keeps none. @default 30 */
  ttl?: number | undefined
  /** Seconds it is kept that a name does not exist. 0 does not keep it. @default 5 */
  negativeTtl?: number | undefined
  /** Seconds an address that was reported failing stays last. @default 60 */
  failureTtl?: number | undefined
  /** Answers, and failing addresses, that are kept; what was not used for longest goes first. @default 1000 */
  maxEntries?: number | undefined
  /** Milliseconds on a clock that never goes back. @default performance.now */
  now?: (() => number) | undefined
}

/** Counted since the resolver was made. */
export interface HostResolverStatistics {
  /** Answers that are kept now, expired ones included until they are used again. */
  entries: number
  /** Answered from the cache, and of these with "does not exist". */
  hits: number
  negativeHits: number
  /** Asked of the backend. */
  misses: number
  /** Joined to a question that was under way. */
  shared: number
  /** Answers that had to go before their time. */
  evictions: number
}

interface Entry {
  readonly outcome: Resolution | DNSError
  readonly expires: number
  turn: number
}

const DEFAULT_TTL = 30
const DEFAULT_NEGATIVE_TTL = 5
const DEFAULT_FAILURE_TTL = 60
const DEFAULT_MAX_ENTRIES = 1000

/** Resolves names with a cache. Makes one question of several for the same name at the same time. */
export class HostResolver {
  readonly #backend: ResolverBackend
  readonly #ttl: number
  readonly #negativeTtl: number
  readonly #failureTtl: number
  readonly #now: () => number
  readonly #entries: BoundedMap<string, Entry>
  readonly #failing: BoundedMap<string, number>
  #flights = new Map<string, Promise<Entry>>()
  readonly #counts = { hits: 0, negativeHits: 0, misses: 0, shared: 0, evictions: 0 }

  /** In the form of dns.lookup, for the `lookup` option of `net.connect`, `tls.connect` and others. */
  readonly lookup: LookupFunction

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE` for a negative number, or room for no entry. */
  constructor(options: HostResolverOptions = {}) {
    this.#backend = options.backend ?? systemBackend
    this.#ttl = milliseconds('ttl', options.ttl ?? DEFAULT_TTL)
    this.#negativeTtl = milliseconds('negativeTtl', options.negativeTtl ?? DEFAULT_NEGATIVE_TTL)
    this.#failureTtl = milliseconds('failureTtl', options.failureTtl ?? DEFAULT_FAILURE_TTL)
    this.#now = options.now ?? (() => performance.now())
    const { maxEntries = DEFAULT_MAX_ENTRIES } = options
    if (!Number.isInteger(maxEntries) || maxEntries < 1)
      throw new SocketsError('ERR_OUT_OF_RANGE', `maxEntries: expected a positive integer, got ${maxEntries}`)
    this.#entries = new BoundedMap(maxEntries)
    this.#failing = new BoundedMap(maxEntries)
    this.lookup = createLookup(this)
  }

  /**
   * The addresses of a name in the order they are to be tried: families in turns, rotated from call to call, failing
   * ones last. A literal is its own answer.
   *
   * @throws {DNSError} with the resolver's code.
   * @throws {SocketsError} `ERR_INVALID_HOST`
   */
  async resolve(host: string, options: AddrInfoOptions = {}): Promise<IPAddr[]> {
    const { family = 0 } = options
    const literal = tryParseIP(host)
    if (literal !== undefined) return [ofFamily(host, literal, family)]
    checkHost(host)
    const entry = await this.#entry(host.toLowerCase(), family)
    if (entry.outcome instanceof Error) throw again(entry.outcome)
    return balance(entry.outcome.addresses, entry.turn++, address => this.#isFailing(address))
  }

  /** A connection to `address` failed: it comes last until it is heard well of, or for `failureTtl`. */
  recordFailure(address: IPAddr | string): void {
    this.#failing.set(String(address), this.#now() + this.#failureTtl)
  }

  /** A connection to `address` stands. */
  recordSuccess(address: IPAddr | string): void {
    this.#failing.delete(String(address))
  }

  /** Forgets all answers and failures; what is being asked is answered, but not kept. */
  clear(): void {
    this.#entries.clear()
    this.#failing.clear()
    this.#flights = new Map()
  }

  get statistics(): HostResolverStatistics {
    return { entries: this.#entries.size, ...this.#counts }
  }

  #entry(host: string, family: 0 | IPFamily): Entry | Promise<Entry> {
    const key = `${family}:${host}`
    const kept = this.#entries.get(key)
    if (kept !== undefined && kept.expires > this.#now()) {
      this.#counts.hits++
      if (kept.outcome instanceof Error) this.#counts.negativeHits++
      return kept
    }
    const flight = this.#flights.get(key)
    if (flight !== undefined) {
      this.#counts.shared++
      return flight
    }
    this.#counts.misses++
    const flights = this.#flights
    const asked = this.#ask(host, family).then(entry => {
      if (this.#flights === flights && entry.expires > this.#now()) this.#keep(key, entry)
      return entry
    })
    flights.set(key, asked)
    const landed = (): void => void flights.delete(key)
    asked.then(landed, landed)
    return asked
  }

  async #ask(host: string, family: 0 | IPFamily): Promise<Entry> {
    try {
      const resolution = await this.#backend(host, family)
      if (resolution.addresses.length === 0) throw new DNSError(host, 'ENODATA')
      const ttl = Math.min(this.#ttl, (resolution.ttl ?? Number.POSITIVE_INFINITY) * 1000)
      return { outcome: resolution, expires: this.#now() + ttl, turn: 0 }
    } catch (error) {
      const { code } = error as DNSError
      if (!isNotFound(code)) throw error
      return {
        outcome: new DNSError(host, code, { cause: error }),
        expires: this.#now() + this.#negativeTtl,
        turn: 0,
      }
    }
  }

  #keep(key: string, entry: Entry): void {
    if (this.#entries.set(key, entry)) this.#counts.evictions++
  }

  #isFailing(address: IPAddr): boolean {
    const until = this.#failing.get(String(address))
    return until !== undefined && until > this.#now()
  }
}

/** Each caller gets an error of its own: with its own stack, and its own to change. */
function again(error: DNSError): DNSError {
  return new DNSError(error.host, error.code, { cause: error.cause })
}

function milliseconds(name: string, seconds: number): number {
  if (!(seconds >= 0))
    throw new SocketsError('ERR_OUT_OF_RANGE', `${name}: expected seconds, 0 or more, got ${seconds}`)
  return seconds * 1000
}

/** The resolver that sockets share unless they are given another. */
export const hostResolver: HostResolver = new HostResolver()
