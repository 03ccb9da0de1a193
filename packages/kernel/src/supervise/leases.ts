/**
 * The blocks of slots that one worker incarnation opens fds in.
 * @module
 */
import type { Core } from '../core.ts'
import { BLOCKS, blockOf } from '../fds/slots.ts'

export class Leases {
  readonly #core: Core
  readonly #held = new Uint8Array(BLOCKS)

  constructor(core: Core) {
    this.#core = core
  }

  /** True for an fd that the worker gave out itself. */
  covers(fd: number): boolean {
    return this.#held[blockOf(fd)] === 1
  }

  /** One more block; undefined when none is left. */
  take(): { firstSlot: number; generation: number } | undefined {
    const lease = this.#core.ledger.take()
    if (lease) this.#held[lease.block] = 1
    return lease
  }

  /** The incarnation is gone, and so are its fds. */
  giveBack(): void {
    for (let block = 0; block < BLOCKS; block++) {
      if (this.#held[block] === 0) continue
      this.#held[block] = 0
      this.#core.ledger.giveBack(block, this.#core.table.lastGeneration(block))
    }
  }
}
