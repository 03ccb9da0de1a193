/**
 * A client's place at a server: from its handshake on until it is gone.
 * @module
 */
import type { Connection } from '@unisock/kernel/plugin'
import type { Ending } from '../connection/ending.ts'
import type { ConnectionHost } from '../connection/host.ts'

/** Where places are counted. */
export interface Places {
  /** One is free again. */
  freed(): void
  /** An address did what it may not; true: it is shut out for that. */
  offence(address: string): boolean
}

export class Place implements ConnectionHost {
  readonly #places: Places
  readonly #address: string
  /** Once there is a WebSocket. */
  fd: Connection | undefined
  #held = true

  constructor(places: Places, address: string) {
    this.#places = places
    this.#address = address
  }

  closed({ error }: Ending): void {
    this.leave()
    this.fd?.close(error)
  }

  offended(): boolean {
    return this.#places.offence(this.#address)
  }

  leave(): void {
    if (this.#held) this.#places.freed()
    this.#held = false
  }
}
