/**
 * What a socket has taken to send: before it is connected, and up to its high-water mark.
 * @module
 */
import type { Socket as Stream } from 'node:net'

export class Outgoing {
  readonly #highWaterMark: number
  readonly #onWritable: () => void
  #stream: Stream | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  #isShort = false
  #isCorked = false
  #isEnded = false

  /** `onWritable` is called when all was sent after something was not taken whole. */
  constructor(highWaterMark: number, onWritable: () => void) {
    this.#highWaterMark = highWaterMark
    this.#onWritable = onWritable
  }

  /** Bytes that were taken and not sent. */
  get pending(): number {
    return this.#stream === undefined ? this.#heldBytes : this.#stream.writableLength
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** The connection stands: sends what was taken before. */
  open(stream: Stream): void {
    this.#stream = stream
    const held = this.#held
    this.#held = []
    if (held.length > 0) {
      stream.cork()
      for (const bytes of held) stream.write(bytes)
      if (this.#heldBytes >= this.#highWaterMark) stream.write('', error => this.#sent(error))
      stream.uncork()
    }
    if (this.#isEnded) stream.end()
  }

  /** Takes as many bytes as the high-water mark leaves room for; returns how many. */
  take(bytes: Uint8Array): number {
    if (this.#isEnded) return 0
    const room = this.#highWaterMark - this.pending
    const taken = Math.min(bytes.length, room)
    if (taken < bytes.length) this.#isShort = true
    if (taken <= 0) return 0
    const stream = this.#stream
    const part = taken === bytes.length ? bytes : bytes.subarray(0, taken)
    if (stream === undefined) {
      this.#held.push(part)
      this.#heldBytes += taken
    } else if (taken < room) stream.write(part)
    else stream.write(part, error => this.#sent(error))
    return taken
  }

  /** Keeps back what is taken until {@link flush}, at the latest until the loop has turned. */
  cork(): void {
    if (this.#isCorked || this.#stream === undefined) return
    this.#isCorked = true
    this.#stream.cork()
    setImmediate(() => this.flush())
  }

  flush(): void {
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#stream?.uncork()
  }

  /** Takes no more, and sends the end behind what was taken. */
  end(): void {
    this.#isEnded = true
    this.flush()
    this.#stream?.end()
  }

  #sent(error: Error | null | undefined): void {
    if (error || !this.#isShort || this.#isEnded) return
    this.#isShort = false
    this.#onWritable()
  }
}
