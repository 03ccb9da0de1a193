/**
 * Questions to functions of the program that are not answered yet.
 * @module
 */
import type { FunctionRef, PluginSocket } from '@unisock/kernel/plugin'
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
  readonly #open = new Map<number, (allowed: boolean) => void>()
  #last = 0

  constructor(socket: PluginSocket) {
    this.#socket = socket
  }

  /** What the function says; false where it does not say in time, or too many questions are open. */
  ask(handler: unknown, [op, ...rest]: Asked): Promise<boolean> {
    if (this.#open.size >= MAX_OPEN) return Promise.resolve(false)
    const id = (this.#last = (this.#last + 1) % 2 ** 32)
    return new Promise(resolve => {
      const timer = setTimeout(() => settle(false), TIMEOUT)
      const settle = (allowed: boolean): void => {
        clearTimeout(timer)
        this.#open.delete(id)
        resolve(allowed)
      }
      this.#open.set(id, settle)
      this.#socket.emit([op, id, ...rest], { handler: (handler as FunctionRef).$function })
    })
  }

  answer([id, allowed]: VerdictWire): void {
    this.#open.get(id)?.(allowed === true)
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const settle of this.#open.values()) settle(false)
  }
}
