/**
 * Questions of a worker to functions of the program, which answer when they like.
 * @module
 */

/** In the worker: those that are not answered yet. */
export class Questions<A> {
  readonly #max: number
  readonly #open = new Map<number, (answer: A | 'late') => void>()
  #last = 0

  /** `max`: how many may be open. */
  constructor(max: number) {
    this.#max = max
  }

  /** Always resolves, within `timeout` milliseconds; `send` has the number that the answer goes by. */
  ask(timeout: number, send: (id: number) => void): Promise<A | 'busy' | 'late'> {
    if (this.#open.size >= this.#max) return Promise.resolve('busy')
    const id = (this.#last = (this.#last + 1) % 2 ** 32)
    return new Promise(resolve => {
      const timer = setTimeout(() => settle('late'), timeout)
      const settle = (answer: A | 'late'): void => {
        clearTimeout(timer)
        this.#open.delete(id)
        resolve(answer)
      }
      this.#open.set(id, settle)
      send(id)
    })
  }

  /** Of a question that was given up meanwhile it is said in vain. */
  answer(id: number, answer: A): void {
    this.#open.get(id)?.(answer)
  }

  /** Nobody will answer any more. */
  close(): void {
    for (const settle of this.#open.values()) settle('late')
  }
}

/** In the owner's thread: what a function gets, known by the number that its answer goes by. */
export class Question {
  readonly #id: number

  constructor(id: number) {
    this.#id = id
  }

  static idOf(message: unknown): number | undefined {
    return typeof message === 'object' && message !== null && #id in message ? message.#id : undefined
  }
}
