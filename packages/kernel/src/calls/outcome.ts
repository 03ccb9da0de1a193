/**
 * The promise of a kernel call: a rejection that nobody awaits goes to the fd's `error` handler instead of becoming
 * an unhandled rejection.
 * @module
 */

export class Outcome<T> extends Promise<T> {
  #observed = false

  /** Promises derived by `then` are ordinary ones: whoever called it has taken over. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  get observed(): boolean {
    return this.#observed
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise's own method; it notes that somebody listens
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#observed = true
    return super.then(onFulfilled, onRejected)
  }

  /** Runs one of two effects when it settles, without counting as somebody who listens. */
  settled(onFulfilled: (value: T) => void, onRejected: (error: Error) => void): this {
    super.then(onFulfilled, onRejected)
    return this
  }

  /** Gives a rejection to `report` if by the end of the loop turn nobody listens. */
  reportingTo(report: (error: Error) => void): this {
    super.then(undefined, (error: Error) => {
      if (this.#observed) return
      setImmediate(() => {
        if (!this.#observed) report(error)
      })
    })
    return this
  }

  static rejected<T>(error: Error): Outcome<T> {
    return new Outcome<T>((_resolve, reject) => reject(error))
  }
}
