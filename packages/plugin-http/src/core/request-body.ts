/**
 * A request's body as a stream.
 * @module
 */
import { type OwnerPort, SocketError } from '@unisock/kernel/plugin'
import { CreditedBytes } from './credited-bytes.ts'
import type { BodyWire } from './wire.ts'

/**
 * The body of a request on a listener with HTTP_BODY_STREAM: chunks of bytes. A reader that is slow slows the client.
 * The stream fails with the fd's error when the client leaves, and with `ECANCELED` when the exchange was answered
 * before all of it had come.
 */
export class RequestBody extends CreditedBytes {
  #whole = false
  #trailers = ''

  constructor(port: OwnerPort) {
    super(port)
    port.onEnd(error => this.#cut(error))
  }

  /** The trailer fields, joined as they crossed; known when the stream has ended. */
  get joinedTrailers(): string {
    return this.#trailers
  }

  /** Takes in what crossed. */
  deliver(wire: BodyWire, bytes: number): void {
    if (wire !== null && !Array.isArray(wire)) {
      this.arrive(wire as Uint8Array, bytes)
      return
    }
    this.#whole = true
    if (wire !== null) this.#trailers = wire[0]
    this.port.consumed(bytes)
    this.push(null)
  }

  #cut(error: Error | undefined): void {
    if (this.#whole || this.destroyed) return
    this.destroy(error ?? cutShort(this.port))
  }
}

/** The program answered before the body had come. */
export function cutShort(port: OwnerPort): SocketError {
  return new SocketError('ECANCELED', 'the exchange ended before its body', { fd: port.fd })
}
