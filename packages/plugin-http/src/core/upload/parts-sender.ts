/**
 * Sends a form's parts to the program as they come.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { BodyReceiver, Refusal } from '../server/body.ts'
import { type FormHandler, MultipartParser } from './multipart-parser.ts'
import { boundaryOf, type PartHead } from './part-head.ts'
import { PartLimits } from './part-limits.ts'
import { RefusedForm, refusalOf } from './refused-form.ts'
import type { UploadRules } from './rules.ts'

/** What takes the parts: the head of each as JSON, then its bytes. */
export interface PartsTaker extends Omit<BodyReceiver, 'bodyChunk'> {
  bodyChunk(data: Buffer | string): boolean
}

export class PartsSender implements BodyReceiver, FormHandler {
  readonly #to: PartsTaker
  readonly #rules: UploadRules
  readonly #limits: PartLimits
  readonly #parser: MultipartParser
  #size = 0
  #isFile = false
  #taken = true
  #over = false

  /** @throws {RefusedForm} for a form without a boundary. */
  constructor(request: IncomingMessage, rules: UploadRules, to: PartsTaker) {
    this.#to = to
    this.#rules = rules
    this.#limits = new PartLimits(rules)
    this.#parser = new MultipartParser(
      boundaryOf(request.headers['content-type']!),
      rules.limits.headers,
      this,
    )
  }

  bodyChunk(data: Buffer): boolean {
    this.#taken = true
    if (!this.#over) this.#trying(() => this.#parser.push(data))
    return this.#taken
  }

  bodyEnd(trailers: readonly string[]): void {
    if (this.#over) return
    this.#trying(() => {
      this.#parser.end()
      this.#to.bodyEnd(trailers)
    })
  }

  bodyRefused(refusal: Refusal): void {
    if (this.#over) return
    this.#over = true
    this.#to.bodyRefused(refusal)
  }

  partBegin(head: PartHead): void {
    this.#limits.count(head)
    this.#size = 0
    this.#isFile = head.filename !== undefined
    this.#taken = this.#to.bodyChunk(JSON.stringify(head))
  }

  partData(data: Buffer): void {
    this.#size += data.length
    const { fieldSize } = this.#rules.limits
    if (this.#isFile) this.#limits.checkSize(this.#size)
    else if (this.#size > fieldSize)
      throw new RefusedForm(413, `A field is over the limit of ${fieldSize} bytes.`)
    this.#taken = this.#to.bodyChunk(data)
  }

  partEnd(): void {}

  #trying(step: () => void): void {
    const refused = refusalOf(step)
    if (refused) this.bodyRefused(refused)
  }
}
