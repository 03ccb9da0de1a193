/**
 * What a program gives a plugin as a whole, beside the options of its sockets.
 * @module
 */

/** Plain data, that drivers read as `socket.config`. Only who holds it can replace it: no socket's option does. */
export class PluginConfig<T = unknown> {
  #value: T
  readonly #listeners = new Set<(value: T) => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  /** Calls made afterwards go by the new value, also those of a worker that is being restarted. */
  replace(value: T): void {
    this.#value = value
    for (const listener of this.#listeners) listener(value)
  }

  /** Calls back with each new value; returns the undo. */
  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
