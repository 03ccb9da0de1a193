/**
 * The store of one worker, in its memory: for what need not survive it.
 * @module
 */
import { EncodedStore } from './encoded-store.ts'
import { StoreEngine, type StoreInspection, type StoreOptions } from './engine.ts'
import { Outlet } from './outlet.ts'
import type { EntryPosition } from './store.ts'

export interface MemoryStoreOptions extends StoreOptions {
  /** Gets what the listeners of channels throw. */
  onError: (error: Error) => void
}

/** It is never lost but with its worker. */
export class MemoryStore extends EncodedStore {
  readonly outlivesWorker = false
  readonly #engine: StoreEngine
  readonly #outlet: Outlet

  constructor({ onError, ...options }: MemoryStoreOptions) {
    super(onError)
    this.#engine = new StoreEngine(options)
    this.#outlet = new Outlet(
      {
        event: (channel, bytes, entry) => {
          queueMicrotask(() => this.#deliver(channel, bytes, entry))
          return bytes.length
        },
        missed: (channel, count) => this.subscriptions.missed(channel, count),
      },
      this.#engine.limits.windowBytes,
    )
  }

  onLost(): () => void {
    return () => {}
  }

  onBack(): () => void {
    return () => {}
  }

  inspect(): StoreInspection {
    return this.#engine.inspect()
  }

  async dispose(): Promise<void> {
    this.#engine.dispose()
    this.subscriptions.clear()
  }

  protected async run(op: number, fields: readonly unknown[]): Promise<unknown> {
    return this.#engine.execute(this.#outlet, op, fields)
  }

  #deliver(channel: string, bytes: Uint8Array, entry: EntryPosition | undefined): void {
    const slow = this.subscriptions.deliver(channel, bytes, entry)
    if (slow) void slow.then(() => this.#outlet.consumed(bytes.length))
    else this.#outlet.consumed(bytes.length)
  }
}
