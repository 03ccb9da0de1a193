/**
 * A listening socket of a context.
 * @module
 */
import type { Address, Listener } from '../engine/index.ts'

export class ListenSocket implements Disposable {
  /** What was bound. A local socket's `address` is its path. */
  readonly address: Address
  readonly #listener: Listener
  readonly #onClose: (listening: ListenSocket) => void
  #closed = false

  /** By {@link SocketContext.listen}. */
  constructor(listener: Listener, address: Address, onClose: (listening: ListenSocket) => void) {
    this.#listener = listener
    this.address = address
    this.#onClose = onClose
  }

  /** 0 for a local socket. */
  get port(): number {
    return this.address.port
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Gives the address back; connections stay. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listener.close()
    this.#onClose(this)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
