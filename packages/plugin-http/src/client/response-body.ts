/**
 * A response's body as a stream.
 * @module
 */
import { Readable } from 'node:stream'
import { ASK, BODY_WINDOW, type CancelWire, type GrantWire } from './wire.ts'

const HIGH_WATER = 64 * 1024
/** What was read is told the worker in steps of so many bytes. */
const STEP = BODY_WINDOW / 4

/**
 * Chunks of bytes. A reader that is slow slows the server; one that destroys the stream ends the request. It fails with the
 * request's error when the body does not come to its end.
 */
export class ResponseBody extends Readable {
  readonly #id: number
  readonly #send: (wire: CancelWire | GrantWire) => void
  /** Bytes that wait for a reader. */
  #owed = 0
  /** Bytes that were read and the worker was not told of. */
  #read = 0
  #whole = false
  #trailers = ''

  constructor(id: number, send: (wire: CancelWire | GrantWire) => void) {
    super({ highWaterMark: HIGH_WATER })
    this.#id = id
    this.#send = send
    // Who does not read the body need not be told how it ended.
    this.on('error', () => {})
  }

  /** The trailer fields, joined as they crossed; known when the stream has ended. */
  get joinedTrailers(): string {
    return this.#trailers
  }

  deliver(chunk: Uint8Array): void {
    if (this.destroyed) return
    if (this.push(chunk)) this.#grant(chunk.length)
    else this.#owed += chunk.length
  }

  finish(trailers: string): void {
    this.#whole = true
    this.#trailers = trailers
    this.push(null)
  }

  fail(error: Error): void {
    this.#whole = true
    this.destroy(error)
  }

  override _read(): void {
    const owed = this.#owed
    this.#owed = 0
    if (owed > 0) this.#grant(owed)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#whole) this.#send([ASK.CANCEL, this.#id])
    callback(error)
  }

  #grant(bytes: number): void {
    this.#read += bytes
    if (this.#read < STEP || this.#whole) return
    this.#send([ASK.GRANT, this.#id, this.#read])
    this.#read = 0
  }
}
