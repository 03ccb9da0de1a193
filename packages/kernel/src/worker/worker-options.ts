/**
 * One fd's option values as its driver reads them.
 * @module
 */

export class WorkerOptions {
  readonly #defaults: ReadonlyMap<number, unknown>
  readonly #inherited: WorkerOptions | undefined
  readonly #values = new Map<number, unknown>()
  readonly #appended = new Map<number, Map<string, unknown>>()

  constructor(defaults: ReadonlyMap<number, unknown>, inherited?: WorkerOptions) {
    this.#defaults = defaults
    this.#inherited = inherited
  }

  get(option: number): unknown {
    if (this.#values.has(option)) return this.#values.get(option)
    return this.#inherited ? this.#inherited.get(option) : this.#defaults.get(option)
  }

  /** Whether the fd has a value of its own. */
  owns(option: number): boolean {
    return this.#values.has(option)
  }

  all(option: number): readonly unknown[] {
    const own = this.#appended.get(option)
    return own ? [...own.values()] : (this.#inherited?.all(option) ?? [])
  }

  /** Sets a value; returns the undo. */
  set(option: number, value: unknown): () => void {
    const had = this.#values.has(option)
    const old = this.#values.get(option)
    this.#values.set(option, value)
    return () => {
      if (this.#values.get(option) !== value) return
      if (had) this.#values.set(option, old)
      else this.#values.delete(option)
    }
  }

  /** Adds a value, replacing the one of the same key; returns the undo. */
  append(option: number, key: string, value: unknown): () => void {
    let values = this.#appended.get(option)
    if (!values) this.#appended.set(option, (values = new Map()))
    const had = values.has(key)
    const old = values.get(key)
    values.set(key, value)
    return () => {
      if (values.get(key) !== value) return
      if (had) values.set(key, old)
      else values.delete(key)
    }
  }
}
