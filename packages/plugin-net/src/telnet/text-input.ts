/**
 * Received text: decoded, and in the form that the role wants.
 * @module
 */
import { type Charset, TextDecoding } from './charsets.ts'
import { COMMAND } from './commands.ts'
import { LineEditor } from './line-editor.ts'
import type { Role } from './options.ts'
import { PromptText } from './prompt-text.ts'

/** A server gets edited lines, a client text as it arrives, at the latest by `flush`. */
export class TextInput {
  readonly #lines: LineEditor | undefined
  readonly #prompt: PromptText | undefined
  #decoding: TextDecoding

  constructor(role: Role, charset: Charset, maxLine: number, emit: (text: string) => void) {
    this.#decoding = new TextDecoding(charset)
    if (role === 'server') this.#lines = new LineEditor(maxLine, emit)
    else this.#prompt = new PromptText(maxLine, emit)
  }

  get charset(): Charset {
    return this.#decoding.charset
  }

  write(bytes: Buffer): void {
    this.#decoded(this.#decoding.write(bytes))
  }

  flush(): void {
    this.#prompt?.flush()
  }

  end(): void {
    this.#decoded(this.#decoding.end())
    this.#lines?.end()
    this.flush()
  }

  /** Text is in this set from here on. */
  use(charset: Charset): void {
    this.#decoded(this.#decoding.end())
    this.#decoding = new TextDecoding(charset)
  }

  /** What EC and EL do to a server's line (RFC 854). */
  edit(command: number): void {
    if (command === COMMAND.EC) this.#lines?.eraseCharacter()
    else if (command === COMMAND.EL) this.#lines?.eraseLine()
  }

  /** The text of a client's prompt that ends here. */
  takePrompt(): string {
    return this.#prompt?.takeLine() ?? ''
  }

  #decoded(text: string): void {
    if (this.#lines) this.#lines.write(text)
    else this.#prompt?.write(text)
  }
}
