/**
 * Something that the realm uses and can do without: what is lost is opened again, at first at once, then less and less
 * often. What the system does not have, or does not allow, is not tried again.
 * @module
 */
import { isSocketError } from '@unisock/kernel'

/** Where the realm says what becomes of such things. */
export type Say = (line: string) => void

/** Told once it is over, in whatever way. */
export type Lost = (error: Error | undefined) => void

const FIRST_MS = 100
const LONGEST_MS = 60_000
/** Codes of what stays as it is. */
const FINAL: ReadonlySet<string> = new Set(['ENOTSUP', 'ESECURITY'])
/** What lasted as long is tried again at once when it is lost. */
const LASTING_MS = 60_000

export class KeptOpen implements Disposable {
  readonly #what: string
  readonly #open: (lost: Lost) => Promise<void>
  readonly #say: Say
  #wait = FIRST_MS
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  /** @param what said before why it is not there */
  constructor(what: string, open: (lost: Lost) => Promise<void>, say: Say) {
    this.#what = what
    this.#open = open
    this.#say = say
  }

  /** Resolves when it is open, or could not be opened. */
  async start(): Promise<void> {
    const began = Date.now()
    let isLost = false
    const lost = (error: Error | undefined): void => {
      if (isLost || this.#isOver) return
      isLost = true
      if (Date.now() - began >= LASTING_MS) this.#wait = FIRST_MS
      this.#again(error)
    }
    try {
      await this.#open(lost)
    } catch (error) {
      lost(error as Error)
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #again(error: Error | undefined): void {
    const why = error?.message ?? 'it has ended'
    if (isSocketError(error) && FINAL.has(error.code))
      return this.#say(`${this.#what}: ${why}. The realm goes on without.`)
    const wait = this.#wait
    this.#wait = Math.min(wait * 2, LONGEST_MS)
    this.#say(`${this.#what}: ${why}. Tried again in ${wait / 1000} s.`)
    this.#timer = setTimeout(() => void this.start(), wait)
  }
}
