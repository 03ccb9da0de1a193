/**
 * Messages that wait for one that takes time: each is done with before the next one begins.
 * @module
 */

/** What was made of a message; false: nothing more is to be read for now. */
type Handled = boolean | Promise<boolean>

export interface InboxOwner {
  /** Nothing more is to be made of what it sent. */
  readonly ended: boolean
  handle(text: string): Handled
  /** Nothing waits any more; whether more may be read. */
  emptied(mayRead: boolean): void
}

/** It lives from the message that takes time to the last one that waited. */
export class Inbox {
  readonly #owner: InboxOwner
  readonly #texts: string[] = []
  /** The program has room for more. */
  mayRead = true

  constructor(owner: InboxOwner, first: Promise<boolean>) {
    this.#owner = owner
    void this.#work(first)
  }

  add(text: string): void {
    this.#texts.push(text)
  }

  async #work(first: Promise<boolean>): Promise<void> {
    const owner = this.#owner
    for (let handled: Handled | undefined = first; handled !== undefined; handled = this.#next()) {
      const mayRead = typeof handled === 'boolean' ? handled : await handled
      if (!mayRead) this.mayRead = false
    }
    owner.emptied(this.mayRead)
  }

  #next(): Handled | undefined {
    const text = this.#owner.ended ? undefined : this.#texts.shift()
    return text === undefined ? undefined : this.#owner.handle(text)
  }
}
