/**
 * A cache in the worker's store: what is in a keeper outlives the worker, and caches of one name share it.
 * @module
 */
import { createHash, randomUUID } from 'node:crypto'
import type { Store } from '@unisock/kernel/plugin'
import type { Resource } from './storage.ts'
import { type FreshnessDefaults, type StoredParts, StoredResponse } from './stored-response.ts'

/** A resource as it is stored. */
interface Kept {
  key: string
  uri: string
  variants: StoredParts[]
}

/** What the sharers of a cache tell each other: a key, or a pattern, of which nothing is good any more. */
type Notice = { from: string } & ({ key: string } | { pattern: string })

export interface SharedCacheOptions {
  readonly store: Store
  readonly name: string
  readonly onKey: (key: string) => void
  readonly onPattern: (pattern: string) => void
  /** It could not be read or written: the cache goes on without. */
  readonly onError: (error: Error) => void
}

export class SharedCache {
  readonly #options: SharedCacheOptions
  readonly #prefix: string
  /** Who this is among the sharers. */
  readonly #self = randomUUID()
  readonly #unsubscribe: Promise<(() => void) | undefined>

  constructor(options: SharedCacheOptions) {
    this.#options = options
    this.#prefix = `http-cache/${options.name}/`
    const hear = (value: unknown): void => {
      const notice = value as Notice
      if (notice.from === this.#self) return
      if ('key' in notice) options.onKey(notice.key)
      else options.onPattern(notice.pattern)
    }
    this.#unsubscribe = this.#try(options.store.subscribe(this.#prefix, hear))
  }

  async load(
    key: string,
    defaults: FreshnessDefaults,
  ): Promise<{ uri: string; variants: StoredResponse[] } | undefined> {
    const found = await this.#try(this.#options.store.get(this.#nameOf(key)))
    if (!found) return undefined
    const { uri, variants } = found.value as Kept
    return {
      uri,
      variants: variants.map(
        parts => new StoredResponse({ ...parts, body: Buffer.from(parts.body) }, defaults),
      ),
    }
  }

  save({ key, uri, variants }: Resource, now: number): void {
    const kept: Kept = { key, uri, variants: variants.map(({ parts }) => ({ ...parts })) }
    let seconds = 1
    for (const stored of variants) seconds = Math.max(seconds, stored.freshFor(now) + stored.usableStale)
    void this.#try(
      this.#options.store.set(this.#nameOf(key), kept, {
        ttl: Math.min(Math.ceil(seconds * 1000), 2 ** 31 - 1),
      }),
    )
  }

  /** Forgets a key, here and with all sharers. */
  async remove(key: string): Promise<void> {
    const { store } = this.#options
    await this.#try(store.delete(this.#nameOf(key)))
    await this.#try(store.publish(this.#prefix, { from: this.#self, key } satisfies Notice))
  }

  /** Forgets what matches, here and with all sharers. */
  async removeMatching(pattern: string, matches: (key: string, uri: string) => boolean): Promise<void> {
    const { store } = this.#options
    let after: string | undefined
    do {
      const page = await this.#try(store.scan(this.#prefix, { after }))
      for (const { key: name, value } of page?.entries ?? []) {
        const { key, uri } = value as Kept
        if (matches(key, uri)) await this.#try(store.delete(name))
      }
      after = page?.next
    } while (after !== undefined)
    await this.#try(store.publish(this.#prefix, { from: this.#self, pattern } satisfies Notice))
  }

  close(): void {
    void this.#unsubscribe.then(unsubscribe => unsubscribe?.())
  }

  /** Names in a store are short; a key is as long as a URL. */
  #nameOf(key: string): string {
    return this.#prefix + createHash('sha256').update(key).digest('base64url')
  }

  async #try<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      return await call
    } catch (error) {
      // The worker is closing.
      if ((error as { code?: unknown }).code !== 'ECLOSED') this.#options.onError(error as Error)
      return undefined
    }
  }
}
