/**
 * A server's text as it arrives, and the unfinished line that a prompt is.
 * @module
 */

export class PromptText {
  readonly #maxLine: number
  readonly #emit: (text: string) => void
  #pending = ''
  #line = ''

  /** Of a line, the last `maxLine` UTF-16 units are kept for a prompt. */
  constructor(maxLine: number, emit: (text: string) => void) {
    this.#maxLine = maxLine
    this.#emit = emit
  }

  write(text: string): void {
    this.#pending += text
    const end = text.lastIndexOf('\n')
    this.#line = end < 0 ? this.#line + text : text.slice(end + 1)
    if (this.#line.length > 2 * this.#maxLine) this.#line = this.#line.slice(-this.#maxLine)
  }

  /** Gives out what came since the last time. */
  flush(): void {
    if (this.#pending === '') return
    const text = this.#pending
    this.#pending = ''
    this.#emit(text)
  }

  /** The unfinished line; the next one begins. */
  takeLine(): string {
    const line = this.#line.slice(-this.#maxLine)
    this.#line = ''
    return line
  }
}
