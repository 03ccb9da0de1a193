/**
 * What was typed before, by the arrow keys.
 * @module
 */
const MAX_LINES = 50

export class Typed {
  #lines = []
  #at = 0

  /** @param {HTMLInputElement} field */
  constructor(field) {
    field.addEventListener('keydown', event => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
      const at = this.#at + step
      if (step === undefined || at < 0 || at > this.#lines.length) return
      event.preventDefault()
      this.#at = at
      field.value = this.#lines[at] ?? ''
    })
  }

  add(text) {
    if (this.#lines.at(-1) !== text) this.#lines.push(text)
    if (this.#lines.length > MAX_LINES) this.#lines.shift()
    this.#at = this.#lines.length
  }
}
