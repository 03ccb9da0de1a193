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

const MAX_COUNT = 256
const MAX_LENGTH = 1 << 18
const MAX_RUNNING = 256
/** Commands between two savings of a session. */
const MAX_UNKNOWN = 1 << 14
const RUN: CommandVerdict = { verdict: 'run' }

export class Commands {
  readonly #options: CommandsOptions
  /** Made, as the other two are, when there is one: most sessions number no commands. */
  #running: Set<number> | undefined
  /** They were being run when what is known of them was kept: whether they were is known where they are run. */
  #interrupted: Set<number> | undefined
  /** In the order in which they were answered. */
  #responses: Map<number, string> | undefined
  #seen = 0
  #length = 0

  constructor(options: CommandsOptions = {}, plain?: CommandsSnapshot) {
    this.#options = options
    if (plain === undefined) return
    this.#seen = plain.seen
    if (plain.running.length > 0) this.#interrupted = new Set(plain.running)
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
      const response = this.#responses?.get(cseq)
      if (response !== undefined) return { verdict: 'repeat', response }
      if (this.#interrupted?.delete(cseq)) return this.#run(cseq)
      return { verdict: this.#running?.has(cseq) ? 'in_progress' : 'response_forgotten' }
    }
    if (cseq !== this.#seen + 1) return { verdict: 'cseq_gap' }
    if ((this.#running?.size ?? 0) >= (this.#options.maxRunning ?? MAX_RUNNING)) return { verdict: 'busy' }
    this.#seen = cseq
    return this.#run(cseq)
  }

  /** The response of a command that was run. False: it was not being run. */
  complete(cseq: number, response: string): boolean {
    if (!this.#running?.delete(cseq) && !this.#interrupted?.delete(cseq)) return false
    this.#keep(cseq, response)
    return true
  }

  /** The next command is not run: its response says so, and is kept like any other. False: it is not the next. */
  refuse(cseq: number, response: string): boolean {
    if (cseq !== this.#seen + 1) return false
    this.#seen = cseq
    this.#keep(cseq, response)
    return true
  }

  /**
   * The client has a response with this number, of a time of which nothing is kept: the commands up to it are known where
   * they were run. False: it is too far ahead.
   */
  skipTo(cseq: number): boolean {
    if (cseq - this.#seen > MAX_UNKNOWN) return false
    while (this.#seen < cseq) {
      this.#interrupted ??= new Set()
      this.#interrupted.add(++this.#seen)
    }
    return true
  }

  snapshot(): CommandsSnapshot {
    return {
      seen: this.#seen,
      running: [...(this.#running ?? []), ...(this.#interrupted ?? [])],
      responses: [...(this.#responses ?? [])],
    }
  }

  #run(cseq: number): CommandVerdict {
    this.#running ??= new Set()
    this.#running.add(cseq)
    return RUN
  }

  #keep(cseq: number, response: string): void {
    const { maxCount = MAX_COUNT, maxLength = MAX_LENGTH } = this.#options
    const responses = (this.#responses ??= new Map())
    responses.set(cseq, response)
    this.#length += response.length
    for (const [oldest, text] of responses) {
      if (responses.size <= maxCount && this.#length <= maxLength) return
      responses.delete(oldest)
      this.#length -= text.length
    }
  }
}
