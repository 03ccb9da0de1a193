/**
 * One command that is being run, or was: whom to answer, and what the answer is.
 * @module
 */
import type { OwnerPort } from '@unisock/kernel/plugin'
import type { ReplyWire } from '../wire.ts'
import type { KeptReplies } from './kept-replies.ts'

interface Answer {
  readonly ok: boolean
  /** JSON text; null without data. */
  readonly text: string | null
}

export class CommandRun {
  readonly session: string
  /** 0: its client does not number it, and it is not repeated. */
  readonly cseq: number
  #run: number
  #port: OwnerPort
  #answer: Answer | undefined
  readonly #replies: KeptReplies | undefined

  /** `replies` keeps it. */
  constructor(run: number, session: string, cseq: number, port: OwnerPort, replies?: KeptReplies) {
    this.#run = run
    this.session = session
    this.cseq = cseq
    this.#port = port
    this.#replies = replies
  }

  /** Characters of the answer; undefined without one. */
  get length(): number | undefined {
    return this.#answer && (this.#answer.text?.length ?? 0)
  }

  /** Answers it; false where it was answered before. */
  answer(ok: boolean, text: string | null): boolean {
    if (this.#answer) return false
    this.#answer = { ok, text }
    this.#send(this.#answer)
    this.#replies?.answered(this)
    return true
  }

  /** The same command once more, under another number and maybe on another connection: its answer goes there. */
  repeat(run: number, port: OwnerPort): void {
    this.#run = run
    this.#port = port
    if (this.#answer) this.#send(this.#answer)
  }

  /**
   * Where the connection has ended the listener is told: the session may have another one by now. A command without a
   * number is nobody's then.
   */
  #send({ ok, text }: Answer): void {
    const wire: ReplyWire = ['reply', this.#run, this.session, this.cseq, ok, text]
    if (!this.#port.ended) this.#port.send(wire)
    else if (this.cseq > 0) this.#port.parent?.send(wire)
  }
}
