/**
 * fd → entry, in one array a block: the look-up of every frame.
 * @module
 */
import { BLOCK_SLOTS, BLOCKS, generationOf, slotOf } from './slots.ts'

interface Block<T> {
  readonly entries: (T | undefined)[]
  /** The newest fd each slot has carried, to tell an ended fd from one never issued. */
  readonly newest: Float64Array
}

export class FdTable<T extends { readonly fd: number }> {
  readonly #blocks: (Block<T> | undefined)[] = new Array(BLOCKS).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(fd: number): T | undefined {
    const slot = slotOf(fd)
    const entry = this.#blocks[slot >>> 15]?.entries[slot & (BLOCK_SLOTS - 1)]
    return entry !== undefined && entry.fd === fd ? entry : undefined
  }

  /** True for every fd that is or was in the table. */
  issued(fd: number): boolean {
    const slot = slotOf(fd)
    const newest = this.#blocks[slot >>> 15]?.newest[slot & (BLOCK_SLOTS - 1)]
    return newest !== undefined && newest >= fd
  }

  add(entry: T): void {
    const slot = slotOf(entry.fd)
    const block = this.#block(slot >>> 15)
    const index = slot & (BLOCK_SLOTS - 1)
    block.entries[index] = entry
    block.newest[index] = entry.fd
    this.#size++
  }

  /** Notes a number that was given out but never entered. */
  markIssued(fd: number): void {
    const slot = slotOf(fd)
    this.#block(slot >>> 15).newest[slot & (BLOCK_SLOTS - 1)] = fd
  }

  remove(entry: T): void {
    const slot = slotOf(entry.fd)
    const entries = this.#blocks[slot >>> 15]?.entries
    const index = slot & (BLOCK_SLOTS - 1)
    if (entries?.[index] !== entry) return
    entries[index] = undefined
    this.#size--
  }

  /** The highest generation seen in a block; -1 when it carried no fd. */
  lastGeneration(block: number): number {
    const newest = this.#blocks[block]?.newest
    if (!newest) return -1
    let last = -1
    for (const fd of newest) if (fd >= 0) last = Math.max(last, generationOf(fd))
    return last
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const block of this.#blocks) {
      if (!block) continue
      for (const entry of block.entries) if (entry !== undefined) yield entry
    }
  }

  #block(index: number): Block<T> {
    return (this.#blocks[index] ??= { entries: [], newest: new Float64Array(BLOCK_SLOTS).fill(-1) })
  }
}
