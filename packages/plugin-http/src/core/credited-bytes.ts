/**
 * Bytes that arrive on a port, as a stream whose reader holds the sender's credit.
 * @module
 */
import { Readable } from 'node:stream'
import type { OwnerPort } from '@unisock/kernel/plugin'

/** Bytes that wait in the stream; what is beyond them holds the sender's credit. */
const HIGH_WATER = 64 * 1024

export class CreditedBytes extends Readable {
  protected readonly port: OwnerPort
  #owed = 0

  constructor(port: OwnerPort) {
    super({ highWaterMark: HIGH_WATER })
    this.port = port
    // Who does not read the body is told of the end by the fd's close handler.
    this.on('error', () => {})
  }

  /** Takes in bytes that cost `bytes` of credit. */
  arrive(data: Uint8Array, bytes: number): void {
    if (this.destroyed || this.push(data)) this.port.consumed(bytes)
    else this.#owed += bytes
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
    this.port.consumed(owed)
  }
}
