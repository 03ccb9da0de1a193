/**
 * A listener's cache options in the form that each request needs them in.
 * @module
 */
import { type PluginSocket, SO_TLS_VERIFY_PEER } from '@unisock/kernel/plugin'
import { decodePath, rawPath } from '../uri.ts'
import { type Codings, codingsOf } from './coding.ts'
import { matchesGlob } from './glob.ts'
import { compileKey, type KeyOf } from './key-pattern.ts'
import {
  CACHE_COMPRESSION,
  CACHE_ENABLE,
  CACHE_EXCLUDE_PATTERNS,
  CACHE_HEADERS,
  CACHE_KEY_PATTERN,
  CACHE_MAX_SIZE,
  CACHE_METHODS,
  CACHE_STALE_WHILE_REVALIDATE,
  CACHE_STORE,
  CACHE_THREAD_POOL_SIZE,
  CACHE_TTL,
  type CacheMethod,
} from './options.ts'
import { STEERING } from './selecting.ts'
import type { FreshnessDefaults } from './stored-response.ts'

export class CacheSettings implements FreshnessDefaults {
  readonly enabled: boolean
  readonly ttl: number
  readonly staleWhileRevalidate: number
  readonly maxSize: number
  readonly keyPattern: string
  readonly keyOf: KeyOf
  readonly methods: ReadonlySet<CacheMethod>
  /** Request fields that all responses are told apart by, in lower case. */
  readonly names: readonly string[]
  /** Clients show certificates. */
  readonly certified: boolean
  readonly threads: number
  readonly codings: Codings | undefined
  /** The name of the cache that is shared. */
  readonly shared: string | undefined
  readonly #excluded: readonly string[]

  constructor(socket: PluginSocket) {
    this.enabled = socket.option(CACHE_ENABLE)
    this.ttl = socket.option(CACHE_TTL)
    this.staleWhileRevalidate = socket.option(CACHE_STALE_WHILE_REVALIDATE)
    this.maxSize = socket.option(CACHE_MAX_SIZE)
    this.keyPattern = socket.option(CACHE_KEY_PATTERN)
    this.keyOf = compileKey(this.keyPattern)
    this.methods = new Set(socket.option(CACHE_METHODS))
    const configured = socket.option(CACHE_HEADERS).map(name => name.toLowerCase())
    this.names = [...new Set([...configured, ...STEERING])]
    this.certified = socket.option(SO_TLS_VERIFY_PEER) === true
    this.threads = socket.option(CACHE_THREAD_POOL_SIZE)
    this.codings = codingsOf(socket.option(CACHE_COMPRESSION))
    const store = socket.option(CACHE_STORE)
    this.shared = store === 'memory' ? undefined : store.shared
    this.#excluded = socket.option(CACHE_EXCLUDE_PATTERNS)
  }

  /** As it was sent or as a program reads it: another spelling of an excluded path is excluded too. */
  excludes(uri: string): boolean {
    if (this.#excluded.length === 0) return false
    const raw = rawPath(uri)
    const decoded = decodePath(raw)
    const resolved = URL.parse(`http://localhost${raw.replaceAll('\\', '/')}`)?.pathname ?? raw
    return this.#excluded.some(
      pattern =>
        matchesGlob(pattern, raw) ||
        matchesGlob(pattern, decoded) ||
        matchesGlob(pattern, decodePath(resolved)),
    )
  }
}
