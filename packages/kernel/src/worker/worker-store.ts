/**
 * The store of a worker: in its keeper, or in its own memory. What it consists of is loaded where it is used.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import type { StartOptions } from './control.ts'
import type { KeeperConnection, KeeperConnectionOptions } from './keeper-connection.ts'

export class WorkerStore {
  readonly #options: KeeperConnectionOptions
  #keeper: Promise<KeeperConnection> | undefined
  #store: Store | undefined

  constructor(options: KeeperConnectionOptions) {
    this.#options = options
  }

  /** @throws SocketError ENOTSUP when no plugin of the worker uses one */
  get store(): Store {
    if (this.#store) return this.#store
    throw new SocketError(
      'ENOTSUP',
      'no plugin of this worker says that it uses a store: definePlugin({ keeper: { optional: true } })',
    )
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
    } else {
      const { MemoryStore } = await import('../store/memory-store.ts')
      this.#store = new MemoryStore({ limits, onError: this.#options.onError })
    }
  }

  async dispose(): Promise<void> {
    const keeper = await this.#keeper
    await keeper?.dispose()
    await this.#store?.dispose()
  }
}
