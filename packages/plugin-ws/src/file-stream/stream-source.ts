/**
 * Bytes that the program is still making, on their way to the peer.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

export class StreamSource {
  readonly #chunks: Buffer[] = []
  #ended = false
  #error: SocketError | undefined
  #wake = (): void => {}
  /** Bytes that wait here. */
  held = 0

  push(bytes: Buffer): void {
    this.#chunks.push(bytes)
    this.held += bytes.length
    this.#wake()
  }

  /** There is no more; `whole` false: not because it is all. */
  end(whole: boolean): void {
    this.#ended = true
    if (!whole) this.#error = new SocketError('ECANCELED', 'its source failed')
    this.#wake()
  }

  /** Nobody reads any more. */
  stop(): void {
    this.#chunks.length = 0
    this.held = 0
    this.end(false)
  }

  /** The next bytes, at most so many; undefined at the end. @throws {SocketError} `ECANCELED` for a source that failed. */
  async next(length: number): Promise<Buffer | undefined> {
    while (this.#chunks.length === 0 && !this.#ended)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    if (this.#error) throw this.#error
    const first = this.#chunks[0]
    if (!first) return undefined
    const bytes = first.subarray(0, length)
    if (bytes.length < first.length) this.#chunks[0] = first.subarray(length)
    else this.#chunks.shift()
    this.held -= bytes.length
    return bytes
  }
}
