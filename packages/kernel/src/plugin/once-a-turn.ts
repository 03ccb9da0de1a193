/**
 * What several calls of one turn ask for, done once at its end: a certificate alone would not fit its key.
 * @module
 */

export class OnceATurn {
  readonly #run: () => void
  #asked: Promise<void> | undefined

  constructor(run: () => void) {
    this.#run = run
  }

  /** Resolves when it was done; rejects with what it threw. */
  ask(): Promise<void> {
    this.#asked ??= new Promise<void>((resolve, reject) => {
      setImmediate(() => {
        this.#asked = undefined
        try {
          this.#run()
          resolve()
        } catch (error) {
          reject(error)
        }
      })
    })
    return this.#asked
  }
}
