/**
 * Records on their way out: what is written in one turn leaves in one piece.
 * @module
 */
import type { Socket } from 'node:net'

export class Output {
  readonly #socket: Socket
  readonly #onFlushed: () => void
  #parts: Uint8Array[] = []
  #taken: (() => void)[] = []
  #flushing = false
  /** The system takes no more for now. */
  #full = false

  /** `onFlushed` is called when nothing waits here any more. */
  constructor(socket: Socket, onFlushed: () => void) {
    this.#socket = socket
    this.#onFlushed = onFlushed
    socket.on('drain', () => this.#drained())
  }

  get empty(): boolean {
    return this.#parts.length === 0
  }

  send(...parts: Uint8Array[]): void {
    if (this.#socket.destroyed) return
    this.#parts.push(...parts)
    if (this.#flushing) return
    this.#flushing = true
    // A response and its end leave together: node:http tells of the end in ticks of the same turn.
    process.nextTick(flushLater, this)
  }

  /** Calls back when more may be sent: at once, unless the system is full. */
  whenTaken(callback: () => void): void {
    if (this.#full) this.#taken.push(callback)
    else callback()
  }

  /** Forgets who waits: the connection is gone. */
  clear(): void {
    this.#parts = []
    this.#taken = []
  }

  /** @internal */
  flush(): void {
    this.#flushing = false
    const parts = this.#parts
    this.#parts = []
    if (this.#socket.destroyed || parts.length === 0) return
    this.#full = !this.#socket.write(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
    this.#onFlushed()
  }

  #drained(): void {
    this.#full = false
    for (const taken of this.#taken.splice(0)) taken()
  }
}

/** Behind every tick of this turn. */
function flushLater(output: Output): void {
  queueMicrotask(() => output.flush())
}
