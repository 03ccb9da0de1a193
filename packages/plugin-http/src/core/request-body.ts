/**
 * A request's body as a stream.
 * @module
 */
import { Readable } from 'node:stream'
import { type OwnerPort, SocketError } from '@unisock/kernel/plugin'
import type { BodyWire } from './wire.ts'

/** Bytes that wait in the stream; what is beyond them holds the sender's credit. */
const HIGH_WATER = 64 * 1024

/**
 * The body of a request on a listener with HTTP_BODY_STREAM: chunks of bytes. A reader that is slow slows the client.
 * The stream fails with the fd's error when the client leaves, and with `ECANCELED` when the exchange was answered
 * before all of it had come.
 */
export class RequestBody extends Readable {
  readonly #port: OwnerPort
  #owed = 0
  #whole = false
  #trailers = ''

  constructor(port: OwnerPort) {
    super({ highWaterMark: HIGH_WATER })
    this.#port = port
    // Who does not read the body is told of the end by the fd's close handler.
    this.on('error', () => {})
    port.onEnd(error => this.#cut(error))
  }

  /** The trailer fields, joined as they crossed; known when the stream has ended. */
  get joinedTrailers(): string {
    return this.#trailers
  }

  /** Takes in what crossed. */
  deliver(wire: BodyWire, bytes: number): void {
    if (wire !== null && !Array.isArray(wire)) {
      if (this.destroyed || this.push(wire)) this.#port.consumed(bytes)
      else this.#owed += bytes
      return
    }
    this.#whole = true
    if (wire !== null) this.#trailers = wire[0]
    this.#port.consumed(bytes)
    this.push(null)
  }

  override _read(): void {
    this.#settle()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#settle()
    callback(error)
  }

  #settle(): void {
    if (this.#owed === 0) return
    const owed = this.#owed
    this.#owed = 0
    this.#port.consumed(owed)
  }

  #cut(error: Error | undefined): void {
    if (this.#whole || this.destroyed) return
    this.destroy(
      error ?? new SocketError('ECANCELED', 'the exchange ended before its body', { fd: this.#port.fd }),
    )
  }
}
