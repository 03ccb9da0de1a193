import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BLOCK_SLOTS,
  BlockLedger,
  blockOf,
  generationOf,
  SLOTS,
  SlotAllocator,
  slotOf,
} from '../src/fds/slots.ts'
import { FdTable } from '../src/fds/table.ts'

test('an fd is its slot plus its generation times 2^21, for every safe integer', () => {
  fc.assert(
    fc.property(fc.nat(SLOTS - 1), fc.nat(2 ** 31), (slot, generation) => {
      const fd = slot + generation * SLOTS
      expect([slotOf(fd), generationOf(fd)]).toEqual([slot, generation])
      expect(blockOf(fd)).toBe(Math.floor(slot / BLOCK_SLOTS))
    }),
  )
})

test('no number is given out twice, however fds are opened, ended and blocks handed on', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 10, maxLength: 400 }), steps => {
      const allocator = new SlotAllocator()
      allocator.grant(0, 0)
      const seen = new Set<number>()
      const open: number[] = []
      for (const opens of steps) {
        if (!opens && open.length > 0) allocator.release(open.shift()!)
        else {
          const fd = allocator.allocate()
          expect(seen.has(fd)).toBe(false)
          seen.add(fd)
          open.push(fd)
        }
      }
    }),
  )
})

test('a block goes round before a slot is used again, with the next generation', () => {
  const allocator = new SlotAllocator()
  allocator.grant(BLOCK_SLOTS, 3)
  for (let i = 0; i < BLOCK_SLOTS; i++) allocator.release(allocator.allocate())
  expect(allocator.free).toBe(BLOCK_SLOTS)
  expect(allocator.allocate()).toBe(BLOCK_SLOTS + 4 * SLOTS)
})

test('an allocator without free slots says so', () => {
  const allocator = new SlotAllocator()
  expect(allocator.allocate()).toBe(-1)
  allocator.grant(0, 0)
  let count = 0
  while (allocator.allocate() >= 0) count++
  expect(count).toBe(BLOCK_SLOTS - 1)
})

test('a block given back is handed out with generations its last owner never used', () => {
  const ledger = new BlockLedger()
  const first = ledger.take()!
  const second = ledger.take()!
  expect(second.firstSlot).toBe(BLOCK_SLOTS)
  ledger.giveBack(first.block, 7)
  expect(ledger.take()).toEqual({ block: first.block, firstSlot: 0, generation: 8 })
})

test('the table tells live, ended and never issued apart', () => {
  const table = new FdTable<{ fd: number }>()
  const old = { fd: 5 }
  table.add(old)
  table.remove(old)
  expect([table.get(5), table.issued(5), table.issued(6)]).toEqual([undefined, true, false])
  const next = { fd: 5 + SLOTS }
  table.add(next)
  expect([table.get(5), table.get(5 + SLOTS), table.size]).toEqual([undefined, next, 1])
  expect(table.lastGeneration(0)).toBe(1)
  expect([...table]).toEqual([next])
})
