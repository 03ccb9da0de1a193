/**
 * Commands of a session run once: a repeated one gets the response of the first.
 * @module
 */

export interface CommandsOptions {
  /** Responses that are kept. @default 256 */
  readonly maxCount?: number
  /** Characters of them. @default 262144 */
  readonly maxLength?: number
  /** Commands that may be running. @default 256 */
  readonly maxRunning?: number
}

/**
 * `run`: it is new. `repeat`: it was answered with `response`. `in_progress`: it is being run. `response_forgotten`: it
 * was run, and its response is no longer kept. `cseq_gap`: one before it is missing. `busy`: too many are being run.
 */
export type CommandVerdict =
  | { readonly verdict: 'run' | 'in_progress' | 'response_forgotten' | 'cseq_gap' | 'busy' }
  | { readonly verdict: 'repeat'; readonly response: string }

export interface CommandsSnapshot {
  /** The newest number that was run. */
  readonly seen: number
  readonly running: readonly number[]
  readonly responses: readonly (readonly [cseq: number, response: string])[]
}

const RUN: CommandVerdict = { verdict: 'run' }

export class Commands {
  readonly #options: Required<CommandsOptions>
  readonly #running = new Set<number>()
  /** They were being run when what is known of them was kept: whether they were is known where they are run. */
  readonly #interrupted = new Set<number>()
  /** In the order in which they were answered. */
  readonly #responses = new Map<number, string>()
  #seen = 0
  #length = 0

  constructor(options: CommandsOptions = {}, plain?: CommandsSnapshot) {
    this.#options = { maxCount: 256, maxLength: 1 << 18, maxRunning: 256, ...options }
    if (plain === undefined) return
    this.#seen = plain.seen
    for (const cseq of plain.running) this.#interrupted.add(cseq)
    for (const [cseq, response] of plain.responses) this.#keep(cseq, response)
  }

  /** The newest number that was run: what a client sent after it is to be sent again. */
  get seen(): number {
    return this.#seen
  }

  /** Characters of the responses that are kept. */
  get length(): number {
    return this.#length
  }

  /** What to do with a command of this number. Told to run it, the caller is to `complete` it. */
  receive(cseq: number): CommandVerdict {
    if (cseq <= this.#seen) {
      const response = this.#responses.get(cseq)
      if (response !== undefined) return { verdict: 'repeat', response }
      if (this.#interrupted.delete(cseq)) {
        this.#running.add(cseq)
        return RUN
      }
      return { verdict: this.#running.has(cseq) ? 'in_progress' : 'response_forgotten' }
    }
    if (cseq !== this.#seen + 1) return { verdict: 'cseq_gap' }
    if (this.#running.size >= this.#options.maxRunning) return { verdict: 'busy' }
    this.#seen = cseq
    this.#running.add(cseq)
    return RUN
  }

  /** The response of a command that was run. False: it was not being run. */
  complete(cseq: number, response: string): boolean {
    if (!this.#running.delete(cseq) && !this.#interrupted.delete(cseq)) return false
    this.#keep(cseq, response)
    return true
  }

  snapshot(): CommandsSnapshot {
    return {
      seen: this.#seen,
      running: [...this.#running, ...this.#interrupted],
      responses: [...this.#responses],
    }
  }

  #keep(cseq: number, response: string): void {
    const { maxCount, maxLength } = this.#options
    this.#responses.set(cseq, response)
    this.#length += response.length
    for (const [oldest, text] of this.#responses) {
      if (this.#responses.size <= maxCount && this.#length <= maxLength) return
      this.#responses.delete(oldest)
      this.#length -= text.length
    }
  }
}
