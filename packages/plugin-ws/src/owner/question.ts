/**
 * A question of the worker to a function of the program.
 * @module
 */

/** Known by the number that its verdict goes by. */
export class Question {
  readonly #id: number

  constructor(id: number) {
    this.#id = id
  }

  static idOf(message: unknown): number | undefined {
    return typeof message === 'object' && message !== null && #id in message ? message.#id : undefined
  }
}
