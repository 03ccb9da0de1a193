/**
 * Questions to the program that are not answered yet.
 * @module
 */
import { type PluginSocket, Questions } from '@unisock/kernel/plugin'
import type { Identity, QuestionWire, VerdictWire } from '../wire.ts'

type Said = { readonly identity: Identity | undefined } | 'refused' | 'failed'

/** What came of a question; `busy`: too many are open, `late`: it took longer than it may. */
export type Verdict = Said | 'late' | 'busy'

type Asked = QuestionWire extends infer W ? (W extends [number, ...infer Rest] ? Rest : never) : never

const MAX_OPEN = 1024

export class Verdicts {
  readonly #socket: PluginSocket
  readonly #questions = new Questions<Said>(MAX_OPEN)

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** Asks the program's function; always resolves, within `timeout` milliseconds. */
  ask(handler: number, timeout: number, ...question: Asked): Promise<Verdict> {
    return this.#questions.ask(timeout, id => this.#socket.emit([id, ...question], { handler }))
  }

  /** What the program says. */
  answer([id, admitted, identity]: VerdictWire): void {
    if (admitted) this.#questions.answer(id, { identity: identity ?? undefined })
    else this.#questions.answer(id, admitted === null ? 'failed' : 'refused')
  }

  /** Nobody will answer any more. */
  close(): void {
    this.#questions.close()
  }
}
