/**
 * Comments in event streams that are silent.
 * @module
 */
import type { Writable } from 'node:stream'

/** A line that clients ignore. */
const COMMENT = Buffer.from(':\n\n')

export class Pings {
  readonly #timer: NodeJS.Timeout

  constructor(body: Writable, delay: number) {
    // What the client has not taken yet says as much as another comment behind it.
    this.#timer = setInterval(() => {
      if (!body.writableNeedDrain && !body.destroyed) body.write(COMMENT)
    }, delay).unref()
  }

  /** Something else was sent. */
  postpone(): void {
    this.#timer.refresh()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
