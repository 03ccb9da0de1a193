/**
 * A user's text as lines.
 * @module
 */

const NUL = 0x00
const BACKSPACE = 0x08
const LF = 0x0a
const CR = 0x0d
const DELETE = 0x7f

/**
 * Gathers text until its line ends. Backspace and delete take the last character away, as clients that do not edit
 * themselves send them; NUL is no character (RFC 854).
 */
export class LineEditor {
  readonly #maxLine: number
  readonly #emit: (line: string) => void
  #line = ''

  /** A line that is longer than `maxLine` UTF-16 units comes in pieces of at most that. */
  constructor(maxLine: number, emit: (line: string) => void) {
    this.#maxLine = Math.max(maxLine, 2)
    this.#emit = emit
  }

  write(text: string): void {
    let start = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code !== LF && code !== CR && code !== BACKSPACE && code !== DELETE && code !== NUL) continue
      this.#append(text.slice(start, i))
      start = i + 1
      if (code === LF || code === CR) this.#finish()
      else if (code !== NUL) this.eraseCharacter()
    }
    this.#append(text.slice(start))
  }

  /** EC (RFC 854): takes one character away, a surrogate pair as one. */
  eraseCharacter(): void {
    const last = this.#line.codePointAt(this.#line.length - 2)
    this.#line = this.#line.slice(0, last !== undefined && last > 0xffff ? -2 : -1)
  }

  /** EL (RFC 854). */
  eraseLine(): void {
    this.#line = ''
  }

  /** Gives out what has no end yet. */
  end(): void {
    if (this.#line !== '') this.#finish()
  }

  #append(run: string): void {
    let rest = run
    while (this.#line.length + rest.length > this.#maxLine) {
      let room = this.#maxLine - this.#line.length
      if (room > 0 && rest.codePointAt(room - 1)! > 0xffff) room--
      this.#line += rest.slice(0, room)
      rest = rest.slice(room)
      this.#finish()
    }
    this.#line += rest
  }

  #finish(): void {
    const line = this.#line
    this.#line = ''
    this.#emit(line)
  }
}
