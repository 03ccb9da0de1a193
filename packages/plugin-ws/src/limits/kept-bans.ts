/**
 * Bans that outlive the worker.
 * @module
 */
import type { Store } from '@unisock/kernel/plugin'
import type { Bans } from './bans.ts'

/** How often a peer was banned is kept for as long as its ban lasts. */
export class KeptBans {
  readonly #store: Store
  readonly #prefix: string

  /** `prefix`: what the names of these bans begin with in the store. */
  constructor(store: Store, prefix: string) {
    this.#store = store
    this.#prefix = prefix
  }

  /** Keeps a ban of so many milliseconds. @throws {SocketError} as the store does. */
  async keep(peer: string, count: number, length: number): Promise<void> {
    await this.#store.set(this.#prefix + peer, count, { ttl: Math.ceil(length) })
  }

  /** Puts into effect again what was kept. @throws {SocketError} as the store does. */
  async restore(bans: Bans, now: number): Promise<void> {
    let after: string | undefined
    do {
      const page = await this.#store.scan(this.#prefix, { after })
      for (const { key, value, expiresIn } of page.entries)
        bans.restore(key.slice(this.#prefix.length), value as number, expiresIn ?? 0, now)
      after = page.next
    } while (after !== undefined)
  }
}
