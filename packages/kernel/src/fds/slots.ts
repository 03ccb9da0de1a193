/**
 * The numbers of fds: slot + generation × 2²¹. A slot is used again with the next generation, so no number comes
 * back. Slots are handed out in blocks: one to the kernel for what it creates, others to each worker incarnation for
 * what it accepts, so that who owns an fd is arithmetic.
 * @module
 */

export const SLOTS = 2 ** 21
export const BLOCK_SLOTS = 2 ** 15
export const BLOCKS = SLOTS / BLOCK_SLOTS
/** The last generation whose numbers are safe integers. */
const LAST_GENERATION = 2 ** 32 - 1

export function slotOf(fd: number): number {
  return fd <= 0x7fffffff ? fd & (SLOTS - 1) : fd % SLOTS
}

export function blockOf(fd: number): number {
  return slotOf(fd) >>> 15
}

export function generationOf(fd: number): number {
  return Math.floor(fd / SLOTS)
}

export function isFdNumber(fd: unknown): fd is number {
  return typeof fd === 'number' && Number.isSafeInteger(fd) && fd >= 0
}

/** Gives out the fds of the blocks it was granted. */
export class SlotAllocator {
  readonly #fresh: { slot: number; end: number; generation: number }[] = []
  /** Ended fds, oldest first: a slot rests as long as possible, which keeps generations low. */
  #free: number[] = []
  #freeHead = 0

  grant(firstSlot: number, generation: number): void {
    // Slot 0 of generation 0 would be fd 0, which reads as "none".
    const slot = firstSlot === 0 && generation === 0 ? 1 : firstSlot
    this.#fresh.push({ slot, end: firstSlot + BLOCK_SLOTS, generation })
  }

  /** A new fd, or -1 when all slots are in use. */
  allocate(): number {
    const fresh = this.#fresh[0]
    if (fresh) {
      const fd = fresh.slot++ + fresh.generation * SLOTS
      if (fresh.slot === fresh.end) this.#fresh.shift()
      return fd
    }
    while (this.#freeHead < this.#free.length) {
      const ended = this.#free[this.#freeHead++]!
      if (this.#freeHead === 4096) {
        this.#free = this.#free.slice(4096)
        this.#freeHead = 0
      }
      if (generationOf(ended) < LAST_GENERATION) return ended + SLOTS
    }
    return -1
  }

  /** The fd has ended on both sides. */
  release(fd: number): void {
    this.#free.push(fd)
  }

  get free(): number {
    let fresh = 0
    for (const range of this.#fresh) fresh += range.end - range.slot
    return fresh + this.#free.length - this.#freeHead
  }
}

/** The kernel's record of who has which block, and of the generation a block may be given out with next. */
export class BlockLedger {
  readonly #generation = new Float64Array(BLOCKS)
  readonly #taken = new Uint8Array(BLOCKS)

  /** The first free block, or undefined when all are taken. */
  take(): { block: number; firstSlot: number; generation: number } | undefined {
    const block = this.#taken.indexOf(0)
    if (block < 0) return undefined
    this.#taken[block] = 1
    return { block, firstSlot: block * BLOCK_SLOTS, generation: this.#generation[block]! }
  }

  /** The block's owner is gone; no number up to `lastFd` may be given out again. */
  giveBack(block: number, lastGeneration: number): void {
    this.#generation[block] = lastGeneration + 1
    this.#taken[block] = 0
  }
}
