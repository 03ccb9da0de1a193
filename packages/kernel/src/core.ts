/**
 * What every part of one kernel shares.
 * @module
 */
import type { Entry } from './fds/entry.ts'
import { BlockLedger, SlotAllocator } from './fds/slots.ts'
import { FdTable } from './fds/table.ts'
import type { Logger } from './logger.ts'
import { FunctionTable } from './registry/functions.ts'
import { Registry } from './registry/registry.ts'

export interface CoreCounters {
  opened: number
  closed: number
  /** Frames for fds that had ended. */
  stale: number
  /** Errors that no handler took. */
  unhandled: number
}

export class Core {
  readonly table = new FdTable<Entry>()
  readonly registry = new Registry()
  readonly functions = new FunctionTable()
  readonly ledger = new BlockLedger()
  /** Gives out the fds of `create`. */
  readonly slots = new SlotAllocator()
  readonly counters: CoreCounters = { opened: 0, closed: 0, stale: 0, unhandled: 0 }
  readonly logger: Logger
  closing = false

  constructor(logger: Logger) {
    this.logger = logger
    this.growSlots()
  }

  /** Takes one more block for the kernel's own fds; false when none is left. */
  growSlots(): boolean {
    const block = this.ledger.take()
    if (!block) return false
    this.slots.grant(block.firstSlot, block.generation)
    return true
  }
}
