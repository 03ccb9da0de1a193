/**
 * Batched receiving.
 * @module
 */
import type { UdpPacketBuffer } from './packet-buffer.ts'

/** Gathers datagrams in a buffer and delivers them once a loop turn, or when the buffer is full. */
export class PacketCollector {
  readonly #buffer: UdpPacketBuffer
  readonly #deliver: (count: number) => void
  #count = 0
  #scheduled = false

  constructor(buffer: UdpPacketBuffer, deliver: (count: number) => void) {
    this.#buffer = buffer
    this.#deliver = deliver
  }

  add(data: Buffer, host: string, port: number): void {
    this.#buffer.fill(this.#count++, data, host, port)
    if (this.#count === this.#buffer.packets) return this.#flush()
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#turn)
  }

  /** Drops what was gathered. */
  clear(): void {
    this.#count = 0
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    this.#flush()
  }

  #flush(): void {
    const count = this.#count
    this.#count = 0
    if (count > 0) this.#deliver(count)
  }
}
