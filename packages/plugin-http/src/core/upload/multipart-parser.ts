/**
 * multipart/form-data (RFC 7578, RFC 2046 section 5.1) as it arrives. It holds a part's header, or the few bytes that may
 * begin a delimiter: never a part. What RFC 2046 has readers guess at is refused: two parsers that guess differently let
 * a file past the one that checks.
 * @module
 */
import { isUtf8 } from 'node:buffer'
import { type PartHead, parsePartHead } from './part-head.ts'
import { RefusedForm } from './refused-form.ts'

const CR = 0x0d
const LF = 0x0a
const DASH = 0x2d
const BLANK_LINE = Buffer.from('\r\n\r\n')
const EMPTY = Buffer.alloc(0)
/** Blanks at the end of a delimiter's line (RFC 2046 section 5.1.1), and what begins the next one. */
const MAX_PADDING = 64

/** What is told of a form; each call may throw a {@link RefusedForm}. */
export interface FormHandler {
  partBegin(head: PartHead): void
  partData(data: Buffer): void
  partEnd(): void
}

type State = 'start' | 'delimited' | 'header' | 'body' | 'over'

export class MultipartParser {
  readonly #to: FormHandler
  readonly #maxHeader: number
  /** Line break, two dashes and the boundary. */
  readonly #delimiter: Buffer
  #state: State = 'start'
  /** Bytes that cannot be judged without those behind them. */
  #rest = EMPTY
  /** The line break before a part's content was passed. */
  #begun = false

  /** @param maxHeader Bytes of one part's header. */
  constructor(boundary: string, maxHeader: number, to: FormHandler) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
    this.#maxHeader = maxHeader
    this.#to = to
  }

  /** @throws {RefusedForm} for what is no form. */
  push(data: Buffer): void {
    let rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    this.#rest = EMPTY
    while (rest.length > 0) {
      const taken = this.#step(rest)
      if (taken === undefined) {
        // A copy: what is waited with must not keep the whole chunk.
        this.#rest = Buffer.from(rest)
        return
      }
      rest = rest.subarray(taken)
    }
  }

  /** @throws {RefusedForm} when the form has not come to its end. */
  end(): void {
    if (this.#state !== 'over') throw new RefusedForm(400, 'The form ends before its last boundary.')
  }

  /** How many bytes are done with; undefined: too few are there. */
  #step(data: Buffer): number | undefined {
    switch (this.#state) {
      case 'start':
        return this.#start(data)
      case 'delimited':
        return this.#delimited(data)
      case 'header':
        return this.#header(data)
      case 'body':
        return this.#body(data)
      case 'over':
        return data.length
    }
  }

  /** The first delimiter may do without its line break. A preamble is nothing that a form has. */
  #start(data: Buffer): number | undefined {
    const from = data[0] === CR ? 0 : 2
    const wanted = this.#delimiter.subarray(from)
    const length = Math.min(wanted.length, data.length)
    if (wanted.compare(data, 0, length, 0, length) !== 0)
      throw new RefusedForm(400, 'The form does not begin with its boundary.')
    if (length < wanted.length) return undefined
    this.#state = 'delimited'
    return length
  }

  #delimited(data: Buffer): number | undefined {
    if (data.length < 2) return undefined
    if (data[0] === DASH && data[1] === DASH) {
      this.#state = 'over'
      return 2
    }
    let at = 0
    while (data[at] === 0x20 || data[at] === 0x09) at++
    if (at > MAX_PADDING) throw malformed()
    if (data.length < at + 2) return undefined
    if (data[at] !== CR || data[at + 1] !== LF) throw malformed()
    this.#state = 'header'
    // The line break stays: a header without fields is then a blank line like any other.
    return at
  }

  #header(data: Buffer): number | undefined {
    const end = data.indexOf(BLANK_LINE)
    if ((end < 0 ? data.length : end) > this.#maxHeader)
      throw new RefusedForm(413, `A part's header is over the limit of ${this.#maxHeader} bytes.`)
    if (end < 0) return undefined
    const lines = data.subarray(2, Math.max(2, end))
    if (!isUtf8(lines)) throw new RefusedForm(400, "A part's header is not UTF-8.")
    this.#to.partBegin(parsePartHead(lines.toString('utf8')))
    this.#state = 'body'
    return end + 2
  }

  /** The line break of the blank line may already be the one before a delimiter: a part without content. */
  #body(data: Buffer): number | undefined {
    const delimiter = this.#delimiter
    const from = this.#begun ? 0 : 2
    const found = data.indexOf(delimiter)
    const end = found >= 0 ? found : beginningAtEnd(data, delimiter)
    if (found < 0 && end === 0) return undefined
    if (end > from) this.#to.partData(data.subarray(from, end))
    this.#begun = found < 0
    if (found < 0) return end
    this.#to.partEnd()
    this.#state = 'delimited'
    return found + delimiter.length
  }
}

function malformed(): RefusedForm {
  return new RefusedForm(400, 'What follows a boundary is neither its end nor a line.')
}

/** Where the beginning of a delimiter is at the end of the data; its length where there is none. */
function beginningAtEnd(data: Buffer, delimiter: Buffer): number {
  let at = Math.max(0, data.length - delimiter.length + 1)
  for (at = data.indexOf(CR, at); at >= 0; at = data.indexOf(CR, at + 1))
    if (delimiter.compare(data, at, data.length, 0, data.length - at) === 0) return at
  return data.length
}
