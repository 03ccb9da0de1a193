/**
 * Signatures that were used before this worker began.
 * @module
 */
import type { Store } from '@unisock/kernel/plugin'
import type { SignatureFault } from './signature.ts'

export class UsedSignatures {
  readonly #store: Store
  readonly #prefix: string
  readonly #ttl: number

  /** `window`: milliseconds a timestamp may be off, either way. */
  constructor(store: Store, prefix: string, window: number) {
    this.#store = store
    this.#prefix = prefix
    this.#ttl = 2 * window + 1
  }

  /** Keeps a signature where it outlives the worker; what is wrong where it was kept before. */
  note(signature: string): undefined | Promise<SignatureFault | undefined> {
    if (!this.#store.outlivesWorker) return undefined
    return this.#store
      .set(this.#prefix + signature.toLowerCase(), 1, { ttl: this.#ttl, ifAbsent: true })
      .then(
        ({ done }) => (done ? undefined : 'signature_replayed'),
        () => 'busy' as const,
      )
  }
}
