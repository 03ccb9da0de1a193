/**
 * How many parts a form may have, and of which kinds.
 * @module
 */
import type { PartHead } from './part-head.ts'
import { RefusedForm } from './refused-form.ts'
import type { UploadRules } from './rules.ts'

export class PartLimits {
  readonly #rules: UploadRules
  #files = 0
  #fields = 0

  constructor(rules: UploadRules) {
    this.#rules = rules
  }

  /** @throws {RefusedForm} for a part too many, or a file of a type that is not taken. */
  count(head: PartHead): void {
    const { limits, takes } = this.#rules
    const isFile = head.filename !== undefined
    if (isFile) this.#files++
    else this.#fields++
    if (this.#files + this.#fields > limits.parts) throw tooMany(limits.parts, 'parts')
    if (this.#files > limits.files) throw tooMany(limits.files, 'files')
    if (this.#fields > limits.fields) throw tooMany(limits.fields, 'fields')
    // Browsers send a file without a name and content where the user chose none.
    if (isFile && head.filename !== '' && !takes(head.type))
      throw new RefusedForm(415, `Files of the type ${head.type} are not taken.`)
  }

  /** @throws {RefusedForm} for a file of so many bytes. */
  checkSize(size: number): void {
    const { file } = this.#rules.limits
    if (file !== undefined && size > file)
      throw new RefusedForm(413, `A file is over the limit of ${file} bytes.`)
  }
}

function tooMany(limit: number, what: string): RefusedForm {
  return new RefusedForm(413, `The form has more than ${limit} ${what}.`)
}
