/**
 * Typed listeners.
 * @module
 */

type Listeners<M> = { [K in keyof M]?: Set<(value: M[K]) => void> }

/** An error nobody asked for ends where uncaught ones do; what is being done goes on. */
export function report(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

export class Emitter<M> {
  readonly #listeners: Listeners<M> = {}

  /** The returned function takes the listener away again. */
  on<K extends keyof M>(name: K, listener: (value: M[K]) => void): () => void {
    const listeners = (this.#listeners[name] ??= new Set())
    // Its own function, so that a listener added twice is taken away once.
    const own = (value: M[K]): void => listener(value)
    listeners.add(own)
    return () => void listeners.delete(own)
  }

  /** False: nobody listens. */
  emit<K extends keyof M>(name: K, value: M[K]): boolean {
    const listeners = this.#listeners[name]
    if (!listeners?.size) return false
    for (const listener of [...listeners]) {
      try {
        listener(value)
      } catch (error) {
        report(error)
      }
    }
    return true
  }
}
