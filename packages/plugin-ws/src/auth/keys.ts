/**
 * The keys that open a connection: `Authorization: Key <key>`.
 * @module
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Digests of another process compare with none of ours. */
const SALT = randomBytes(32).toString('hex')

function digest(text: string): Buffer {
  return hash('sha256', SALT + text, 'buffer')
}

/**
 * Without a key added there is none: nothing opens. Keys are compared in a time that tells neither where two differ nor how
 * long one is.
 */
export class KeyRing<T> {
  readonly #keys = new Set<{ readonly digest: Buffer; readonly holder: T }>()

  get size(): number {
    return this.#keys.size
  }

  /**
   * Until the returned function is called, this key stands for that holder.
   *
   * @throws {RangeError} for an empty key.
   */
  add(key: string, holder: T): () => void {
    if (key === '') throw new RangeError('A key is not empty')
    const entry = { digest: digest(key), holder }
    this.#keys.add(entry)
    return () => this.#keys.delete(entry)
  }

  /** Compares with every key, also after one was found. */
  find(key: string): T | undefined {
    const sought = digest(key)
    let found: T | undefined
    for (const entry of this.#keys) if (timingSafeEqual(entry.digest, sought)) found = entry.holder
    return found
  }
}
