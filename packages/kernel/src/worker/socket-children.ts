/**
 * The child processes of one socket, which do not outlive it.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Child } from '../spawn/child.ts'

export class SocketChildren {
  readonly #children = new Set<Child>()
  #over = false

  /** Takes a child that was being started. One that comes too late is ended. */
  async adopt(starting: Promise<Child>): Promise<Child> {
    const child = await starting
    this.#children.add(child)
    void child.exited.then(() => this.#children.delete(child))
    if (!this.#over) return child
    this.end()
    throw new SocketError('ECANCELED', 'the socket was closed meanwhile', { op: 'spawn' })
  }

  /** The socket is over. */
  end(): void {
    this.#over = true
    for (const child of this.#children) {
      child.end()
      for (const stream of child.streams) stream.destroy()
    }
  }
}
