/**
 * The store of a worker: in its keeper, or in its own memory. What it consists of is loaded where it is used.
 * @module
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { SocketError } from '../errors.ts'
import { sibling } from '../plugin/plugin.ts'
import type { StoreLimits } from '../store/limits.ts'
import type { Store } from '../store/store.ts'
import type { StartOptions } from './control.ts'
import type { KeeperConnection, KeeperConnectionOptions } from './keeper-connection.ts'

export class WorkerStore {
  readonly #options: KeeperConnectionOptions
  #keeper: Promise<KeeperConnection> | undefined
  #store: Store | undefined
  /** Of the store in the worker's memory, where it is to have one. */
  #ownLimits: StoreLimits | undefined

  constructor(options: KeeperConnectionOptions) {
    this.#options = options
  }

  /** @throws SocketError ENOTSUP when no plugin of the worker uses one */
  get store(): Store {
    if (this.#store) return this.#store
    if (!this.#ownLimits)
      throw new SocketError(
        'ENOTSUP',
        'no plugin of this worker says that it uses a store: definePlugin({ keeper: { optional: true } })',
      )
    this.#store = this.#inMemory(this.#ownLimits)
    return this.#store
  }

  /** The way to the keeper. It may be told before the worker knows that it has one. */
  get keeper(): Promise<KeeperConnection> {
    return (this.#keeper ??= import('./keeper-connection.ts').then(
      ({ KeeperConnection }) => new KeeperConnection(this.#options),
    ))
  }

  /** Resolves when drivers may use it. */
  async start(wanted: StartOptions['store']): Promise<void> {
    if (!wanted) return
    const { kept, limits } = wanted
    if (kept) {
      const { settled, store } = await this.keeper
      await settled
      this.#store = store
    } else this.#ownLimits = limits
  }

  async dispose(): Promise<void> {
    const keeper = await this.#keeper
    await keeper?.dispose()
    await this.#store?.dispose()
  }

  /** Most workers that may use a store never do: it is loaded when the first asks, who does not wait. */
  #inMemory(limits: StoreLimits): Store {
    const path = fileURLToPath(sibling('../store/memory-store', import.meta.url))
    const { MemoryStore } = createRequire(import.meta.url)(path) as typeof import('../store/memory-store.ts')
    return new MemoryStore({ limits, onError: this.#options.onError })
  }
}
