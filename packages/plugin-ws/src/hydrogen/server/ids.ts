/**
 * Ids of messages: unique for good, in a few characters.
 * @module
 */
import { randomBytes } from 'node:crypto'

export class Ids {
  readonly #prefix = `${randomBytes(6).toString('base64url')}-`
  #last = 0

  next(): string {
    return this.#prefix + (++this.#last).toString(36)
  }
}
