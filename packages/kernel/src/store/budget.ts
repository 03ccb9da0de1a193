/**
 * The bytes that everything in a store may take together.
 * @module
 */
import { SocketError } from '../errors.ts'

/** An estimate of what an entry costs besides its name and value: objects, map slots, array headers. */
export const ENTRY_OVERHEAD = 128

export class Budget {
  readonly #limit: number
  used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws SocketError ENOSPC when so many bytes more are not left */
  require(bytes: number): void {
    if (bytes > 0 && this.used + bytes > this.#limit) throw full(`its ${this.#limit} bytes are taken`)
  }

  /** Takes bytes, or gives them back when negative. */
  take(bytes: number): void {
    this.used += bytes
  }
}

export function full(what: string): SocketError {
  return new SocketError('ENOSPC', `the store is full: ${what}`)
}
