/**
 * Datagrams that wait for a reader.
 * @module
 */
import type { RawDatagram } from './datagram.ts'

/** What the memory of a datagram costs beside its bytes, so that empty ones are not free. */
const OVERHEAD = 128

/** A first-in first-out queue with limits. What does not fit is dropped and counted, as in the system's own buffer. */
export class DatagramQueue {
  readonly #maxBytes: number
  readonly #maxPackets: number
  #items: (RawDatagram | undefined)[] = []
  #head = 0
  #bytes = 0
  #dropped = 0

  /** `maxBytes` counts what datagrams take in memory: their bytes and a fixed overhead each. */
  constructor(maxBytes: number, maxPackets: number) {
    this.#maxBytes = maxBytes
    this.#maxPackets = maxPackets
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  get dropped(): number {
    return this.#dropped
  }

  push(item: RawDatagram): void {
    const cost = item.data.length + OVERHEAD
    if (this.length >= this.#maxPackets || this.#bytes + cost > this.#maxBytes) {
      this.#dropped++
      return
    }
    this.#bytes += cost
    this.#items.push(item)
  }

  shift(): RawDatagram | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#items[this.#head++] = undefined
    this.#bytes -= item.data.length + OVERHEAD
    if (this.#head === this.#items.length) {
      this.#items.length = 0
      this.#head = 0
    } else if (this.#head >= this.#maxPackets) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#bytes = 0
  }
}
