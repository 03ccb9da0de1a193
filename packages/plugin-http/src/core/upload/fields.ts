/**
 * The fields of a form that are no files.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import type { PartHead } from './part-head.ts'
import { RefusedForm } from './refused-form.ts'

export class FieldReader {
  readonly #head: PartHead
  readonly #limit: number
  #chunks: Buffer[] = []
  #size = 0

  constructor(head: PartHead, limit: number) {
    this.#head = head
    this.#limit = limit
  }

  get head(): PartHead {
    return this.#head
  }

  /** @throws {RefusedForm} for one byte too many. */
  add(data: Buffer): void {
    this.#size += data.length
    if (this.#size > this.#limit)
      throw new RefusedForm(413, `A field is over the limit of ${this.#limit} bytes.`)
    this.#chunks.push(data)
  }

  /** @throws {RefusedForm} for what is no text. */
  text(): string {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    if (!isUtf8(bytes)) throw new RefusedForm(400, 'A field is not UTF-8.')
    return bytes.toString('utf8')
  }
}
