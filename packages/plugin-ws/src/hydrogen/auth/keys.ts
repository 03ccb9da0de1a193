/**
 * The keys that open a connection: `Authorization: Key <key>`.
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Whom a key stands for. */
export interface Identity {
  readonly user: string
  /** `channel:action` patterns; see `permissions.ts`. */
  readonly permissions: readonly string[]
}

/** Digests of another process compare with none of ours. */
const DIGEST_KEY = randomBytes(32)

function digest(text: string): Buffer {
  return createHmac('sha256', DIGEST_KEY).update(text).digest()
}

/** Compares in a time that tells neither where the two differ nor how long the secret one is. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

/** Without a key added there is none: nothing opens. */
export class KeyRing {
  readonly #keys = new Set<{ readonly digest: Buffer; readonly identity: Identity }>()

  get size(): number {
    return this.#keys.size
  }

  /**
   * Until the returned function is called, this key stands for that identity.
   *
   * @throws {RangeError} for an empty key.
   */
  add(key: string, identity: Identity): () => void {
    if (key === '') throw new RangeError('A key is not empty')
    const entry = { digest: digest(key), identity }
    this.#keys.add(entry)
    return () => this.#keys.delete(entry)
  }

  /** Compares with every key, also after one was found. */
  find(key: string): Identity | undefined {
    const sought = digest(key)
    let found: Identity | undefined
    for (const entry of this.#keys) if (timingSafeEqual(entry.digest, sought)) found = entry.identity
    return found
  }
}

/** The key in an `Authorization` header's value; the scheme's name is in any case (RFC 9110 section 11.1). */
export function keyOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined || authorization.length < 5) return undefined
  if (authorization.slice(0, 4).toLowerCase() !== 'key ') return undefined
  return authorization.slice(4).trim() || undefined
}
