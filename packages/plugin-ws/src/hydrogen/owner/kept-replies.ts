/**
 * The commands of a listener's sessions that are being run, and the answers of those that were until the store has them:
 * what makes a command that comes again run once, also where the worker was restarted in between.
 * @module
 */
import type { CommandRun } from './command-run.ts'

export interface KeptRepliesLimits {
  /** Answers that are kept. @default 16384 */
  readonly maxCount: number
  /** Characters of them. @default 16777216 */
  readonly maxLength: number
}

const DEFAULT_LIMITS: KeptRepliesLimits = { maxCount: 1 << 14, maxLength: 1 << 24 }

export class KeptReplies {
  readonly #limits: KeptRepliesLimits
  readonly #sessions = new Map<string, Map<number, CommandRun>>()
  /** In the order in which they were answered. */
  readonly #answered = new Set<CommandRun>()
  /** By session, the newest command whose answer was given up: neither it nor one before it is run again. */
  readonly #givenUp = new Map<string, number>()
  #length = 0

  constructor(limits: Partial<KeptRepliesLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
  }

  /** Commands and answers that are kept. */
  get size(): number {
    let size = 0
    for (const runs of this.#sessions.values()) size += runs.size
    return size
  }

  get(session: string, cseq: number): CommandRun | undefined {
    return this.#sessions.get(session)?.get(cseq)
  }

  /** It was run, and nobody knows its answer any more. */
  isGivenUp(session: string, cseq: number): boolean {
    return cseq <= (this.#givenUp.get(session) ?? 0)
  }

  add(run: CommandRun): void {
    let runs = this.#sessions.get(run.session)
    if (!runs) this.#sessions.set(run.session, (runs = new Map()))
    runs.set(run.cseq, run)
  }

  /** To be called when a command that was added is answered. */
  answered(run: CommandRun): void {
    if (this.get(run.session, run.cseq) !== run) return
    this.#answered.add(run)
    this.#length += run.length ?? 0
    for (const oldest of this.#answered) {
      if (this.#answered.size <= this.#limits.maxCount && this.#length <= this.#limits.maxLength) return
      this.#giveUp(oldest)
    }
  }

  /** The store has the answer. */
  forget(session: string, cseq: number): void {
    const run = this.get(session, cseq)
    if (run) this.#remove(run)
  }

  /** The session is over: none of its commands comes again. */
  forgetSession(session: string): void {
    for (const run of this.#sessions.get(session)?.values() ?? []) this.#remove(run)
    this.#givenUp.delete(session)
  }

  #remove(run: CommandRun): void {
    const runs = this.#sessions.get(run.session)
    runs?.delete(run.cseq)
    if (runs?.size === 0) this.#sessions.delete(run.session)
    if (this.#answered.delete(run)) this.#length -= run.length ?? 0
  }

  #giveUp(run: CommandRun): void {
    const { session, cseq } = run
    this.#remove(run)
    const newest = Math.max(cseq, this.#givenUp.get(session) ?? 0)
    this.#givenUp.delete(session)
    this.#givenUp.set(session, newest)
    if (this.#givenUp.size <= this.#limits.maxCount) return
    for (const oldest of this.#givenUp.keys()) {
      this.#givenUp.delete(oldest)
      return
    }
  }
}
