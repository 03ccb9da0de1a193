/** What somebody was sent, awaited piece by piece. */
export class Transcript {
  #unread = ''
  #all = ''
  #over = false
  #wake: (() => void) | undefined

  /** Everything so far. */
  get all(): string {
    return this.#all
  }

  readonly feed = (chunk: string): void => {
    this.#unread += chunk
    this.#all += chunk
    this.#wake?.()
  }

  /** No more will come. */
  readonly end = (): void => {
    this.#over = true
    this.#wake?.()
  }

  /** Reads up to the text and returns what was read. */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.#unread.indexOf(text)
      if (at >= 0) {
        const read = this.#unread.slice(0, at + text.length)
        this.#unread = this.#unread.slice(read.length)
        return read
      }
      if (this.#over) throw new Error(`"${text}" did not come; there was ${JSON.stringify(this.#unread)}`)
      await this.#more()
    }
  }

  /** Reads to the end and returns what was read. */
  async rest(): Promise<string> {
    while (!this.#over) await this.#more()
    const read = this.#unread
    this.#unread = ''
    return read
  }

  #more(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}
