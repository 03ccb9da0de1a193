/**
 * Questions to the program that are not answered yet.
 * @module
 */
import type { PluginSocket } from '@unisock/kernel/plugin'
import type { Identity, QuestionWire, VerdictWire } from '../wire.ts'

/** What came of a question; `busy`: too many are open, `late`: it took longer than it may. */
export type Verdict = { readonly identity: Identity | undefined } | 'refused' | 'failed' | 'late' | 'busy'

type Question = QuestionWire extends infer W ? (W extends [number, ...infer Rest] ? Rest : never) : never

const MAX_OPEN = 1024

export class Verdicts {
  readonly #socket: PluginSocket
  readonly #open = new Map<number, (verdict: Verdict) => void>()
  #last = 0

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** Asks the program's function; always resolves, within `timeout` milliseconds. */
  ask(handler: number, timeout: number, ...question: Question): Promise<Verdict> {
    if (this.#open.size >= MAX_OPEN) return Promise.resolve('busy')
    const id = (this.#last = (this.#last + 1) % 2 ** 32)
    return new Promise(resolve => {
      const timer = setTimeout(() => settle('late'), timeout)
      const settle = (verdict: Verdict): void => {
        clearTimeout(timer)
        this.#open.delete(id)
        resolve(verdict)
      }
      this.#open.set(id, settle)
      this.#socket.emit([id, ...question], { handler })
    })
  }

  /** What the program says; of a question that was given up meanwhile it says so in vain. */
  answer([id, admitted, identity]: VerdictWire): void {
    const settle = this.#open.get(id)
    if (admitted) settle?.({ identity: identity ?? undefined })
    else settle?.(admitted === null ? 'failed' : 'refused')
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const settle of this.#open.values()) settle('late')
  }
}
