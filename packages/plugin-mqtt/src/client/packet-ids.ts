/**
 * The packet identifiers of one connection (MQTT 5.0 section 2.2.1). What was on its way in the connection before
 * keeps its own.
 * @module
 */
import type { IClientOptions } from 'mqtt'

type IdProvider = NonNullable<IClientOptions['messageIdProvider']>

const MAX_ID = 65_535

export class PacketIds implements IdProvider {
  readonly #used: Set<number>
  #last = 0

  constructor(used: Iterable<number>) {
    this.#used = new Set(used)
  }

  get free(): number {
    return MAX_ID - this.#used.size
  }

  allocate(): number | null {
    if (this.free === 0) return null
    do this.#last = (this.#last % MAX_ID) + 1
    while (this.#used.has(this.#last))
    this.#used.add(this.#last)
    return this.#last
  }

  getLastAllocated(): number | null {
    return this.#last === 0 ? null : this.#last
  }

  register(id: number): boolean {
    this.#used.add(id)
    return true
  }

  deallocate(id: number): void {
    this.#used.delete(id)
  }

  /** What mqtt.js calls once it is connected: there is nothing to be forgotten. */
  clear(): void {}
}
