/**
 * A request's body as it arrives from the program.
 * @module
 */
import { Readable } from 'node:stream'

const HIGH_WATER = 64 * 1024

export class UploadStream extends Readable {
  readonly #grant: (bytes: number) => void
  #owed = 0

  /** @param grant Told of the bytes that were taken. */
  constructor(grant: (bytes: number) => void) {
    super({ highWaterMark: HIGH_WATER })
    this.#grant = grant
    // How a request fails its handler is told.
    this.on('error', () => {})
  }

  /** A chunk, or null at the end. */
  deliver(chunk: Uint8Array | null): void {
    if (this.destroyed) return
    if (chunk === null) this.push(null)
    else if (this.push(chunk)) this.#grant(chunk.length)
    else this.#owed += chunk.length
  }

  override _read(): void {
    const owed = this.#owed
    this.#owed = 0
    if (owed > 0) this.#grant(owed)
  }
}
