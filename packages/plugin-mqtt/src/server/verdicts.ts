/**
 * Questions to functions of the program that are not answered yet.
 * @module
 */
import { type FunctionRef, type PluginSocket, Questions } from '@unisock/kernel/plugin'
import type { QuestionWire, VerdictWire } from '../wire.ts'

const MAX_OPEN = 4096
/** Milliseconds that the program may take. */
const TIMEOUT = 10_000

type Asked = QuestionWire extends infer W
  ? W extends [infer Op, number, ...infer Rest]
    ? [op: Op, ...rest: Rest]
    : never
  : never

export class Verdicts {
  readonly #socket: PluginSocket
  readonly #questions = new Questions<boolean>(MAX_OPEN)

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** What the function says; false where it does not say in time, or too many questions are open. */
  async ask(handler: unknown, [op, ...rest]: Asked): Promise<boolean> {
    const { $function } = handler as FunctionRef
    const send = (id: number): void => void this.#socket.emit([op, id, ...rest], { handler: $function })
    return (await this.#questions.ask(TIMEOUT, send)) === true
  }

  answer([id, allowed]: VerdictWire): void {
    this.#questions.answer(id, allowed === true)
  }

  /** Nobody will answer any more. */
  close(): void {
    this.#questions.close()
  }
}
