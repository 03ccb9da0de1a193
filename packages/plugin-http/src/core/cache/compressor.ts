/**
 * A pool of threads that compress, made when it is needed.
 * @module
 */
import { sibling } from '@unisock/kernel/plugin'
import type { Piscina } from 'piscina'
import type { CompressTask } from './compress-task.ts'
import type { CacheEncoding } from './options.ts'

/** Milliseconds that a thread stays without work. */
const IDLE_TIMEOUT = 10_000

export class Compressor {
  readonly #threads: number
  readonly #onError: (error: Error) => void
  #pool: Promise<Piscina> | undefined
  #closed = false

  constructor(threads: number, onError: (error: Error) => void) {
    this.#threads = threads
    this.#onError = onError
  }

  /** Undefined: it would hardly be smaller, the pool has too much to do, or was closed. */
  async compress(body: Uint8Array, encoding: CacheEncoding): Promise<Uint8Array | undefined> {
    try {
      this.#pool ??= this.#open()
      const pool = await this.#pool
      if (this.#closed) return undefined
      return ((await pool.run({ body, encoding } satisfies CompressTask)) as Uint8Array | null) ?? undefined
    } catch (error) {
      if (!this.#closed) this.#onError(error as Error)
      return undefined
    }
  }

  close(): void {
    this.#closed = true
    void this.#pool?.then(pool => pool.destroy()).catch(this.#onError)
    this.#pool = undefined
  }

  async #open(): Promise<Piscina> {
    const { Piscina } = await import('piscina')
    return new Piscina({
      filename: sibling('./compress-task', import.meta.url).href,
      minThreads: 0,
      maxThreads: this.#threads,
      maxQueue: this.#threads * 16,
      idleTimeout: IDLE_TIMEOUT,
    })
  }
}
