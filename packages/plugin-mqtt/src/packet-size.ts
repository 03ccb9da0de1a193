/**
 * Where packets begin and end in a stream of bytes (MQTT 5.0 section 2.1), to end a peer whose packets are too large
 * before they are collected.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'

/** A remaining length has at most so many bytes (section 1.5.5). */
const MAX_LENGTH_BYTES = 4

export class PacketSize {
  readonly #limit: number
  /** Bytes of the packet that are still to come; -1 within its header. */
  #left = 0
  #lengthBytes = 0
  #length = 0

  /** `limit`: bytes of a whole packet. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws {SocketError} `EPROTO` for a packet that is too large, or says no size. */
  check(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at)
        this.#left -= taken
        at += taken
      } else if (this.#left === 0) {
        this.#left = -1
        this.#lengthBytes = 0
        this.#length = 0
        at++
      } else this.#readLength(chunk[at++]!)
    }
  }

  #readLength(byte: number): void {
    this.#length += (byte & 0x7f) * 128 ** this.#lengthBytes++
    if ((byte & 0x80) === 0) {
      const size = 1 + this.#lengthBytes + this.#length
      if (size > this.#limit)
        throw new SocketError(
          'EPROTO',
          `the peer sent a packet of ${size} bytes, but ${this.#limit} are allowed`,
        )
      this.#left = this.#length
    } else if (this.#lengthBytes === MAX_LENGTH_BYTES)
      throw new SocketError('EPROTO', 'the peer sent a packet whose length has no end')
  }
}
