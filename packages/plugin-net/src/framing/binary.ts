/**
 * Bytes as they come.
 * @module
 */
import type { EmitOptions } from '@unisock/kernel/plugin'
import type { Framing, MakeFraming, Pipe } from './framing.ts'

/** A chunk of the socket's is its reader's. */
const HANDED_OVER: EmitOptions = { transfer: true }

export const binaryFraming: MakeFraming = pipe => new BinaryFraming(pipe)

class BinaryFraming implements Framing {
  readonly #pipe: Pipe

  constructor(pipe: Pipe) {
    this.#pipe = pipe
  }

  receive(chunk: Buffer): boolean {
    return this.#pipe.fd.emit(chunk, HANDED_OVER)
  }

  write(data: Uint8Array): boolean {
    return this.#pipe.send(data)
  }
}
