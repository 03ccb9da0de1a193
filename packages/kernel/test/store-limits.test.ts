/** What bounds a store, and the parts that keep it in order. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StoreEngine } from '../src/store/engine.ts'
import { type Expiring, ExpiryHeap } from '../src/store/expiry.ts'
import type { StoreLimits } from '../src/store/index.ts'
import { TO_STORE } from '../src/store/operations.ts'
import { Outlet } from '../src/store/outlet.ts'
import { SortedKeys } from '../src/store/sorted-keys.ts'
import { memoryRig } from './store-rigs.ts'
import { until } from './support/resources.ts'

const full = { code: 'ENOSPC', category: 'application', retryable: true }

test.each<[Partial<StoreLimits>, string]>([
  [{ keys: 2 }, 'set'],
  [{ counters: 2 }, 'add'],
  [{ streams: 2 }, 'append'],
] as const)(
  'with %o no more than two names are kept, and the third changes nothing',
  async (limits, method) => {
    await using rig = await memoryRig(limits)
    const { store } = rig
    const put = (name: string): Promise<unknown> => store[method as 'set'](name, 1 as any)
    await put('a')
    await put('b')
    const before = store.inspect()
    await expect(put('c')).rejects.toMatchObject(full)
    expect(store.inspect()).toEqual(before)
    await put('a')
  },
)

test('a full store refuses more and keeps what it has; what goes makes room', async () => {
  await using rig = await memoryRig({ totalBytes: 10_000 })
  const { store } = rig
  await store.set('a', Buffer.alloc(8000))
  const before = store.inspect()
  await expect(store.set('b', Buffer.alloc(2000))).rejects.toMatchObject(full)
  await expect(store.set('a', Buffer.alloc(9990))).rejects.toMatchObject(full)
  expect(store.inspect()).toEqual(before)
  expect(((await store.get('a'))!.value as Buffer).length).toBe(8000)
  await store.set('a', Buffer.alloc(100))
  await store.set('b', Buffer.alloc(2000))
})

test('a stream whose retention is reached goes on in a full store', async () => {
  await using rig = await memoryRig({ totalBytes: 12_000 })
  const { store } = rig
  for (let n = 0; n < 50; n++) await store.append('s', Buffer.alloc(1000), { maxLength: 8 })
  expect(await store.read('s', { limit: 0 })).toMatchObject({ top: 50, first: 43 })
  await expect(store.append('s', Buffer.alloc(8000), { maxLength: 8 })).rejects.toMatchObject(full)
  expect(await store.read('s', { limit: 0 })).toMatchObject({ top: 50, first: 43 })
})

test('of streams without entries the longest unused makes room, and has another epoch afterwards', async () => {
  await using rig = await memoryRig({ streams: 3 })
  const { store } = rig
  const { epoch: data } = await store.append('data', 1)
  const { epoch: used } = await store.read('used')
  const { epoch: old } = await store.read('old')
  await store.read('used')
  await store.read('new')
  expect((await store.read('data')).epoch).toBe(data)
  expect((await store.read('used')).epoch).toBe(used)
  expect((await store.read('old')).epoch).not.toBe(old)
})

test('a position is kept for its own time, from when the last entry was dropped, trimmed or read about', async () => {
  await using rig = await memoryRig({ positionTtl: 1000 })
  const { store, clock } = rig
  const { epoch } = await store.append('aged', 1, { maxAge: 5000 })
  const { epoch: trimmed } = await store.append('trimmed', 1)
  clock.advance(5000)
  await store.trim('trimmed', 2)
  clock.advance(999)
  expect([(await store.read('aged')).epoch, (await store.read('trimmed')).epoch]).toEqual([epoch, trimmed])
  clock.advance(999)
  expect(await store.read('aged')).toMatchObject({ epoch, top: 1 })
  clock.advance(1000)
  expect(await store.read('aged')).toMatchObject({ top: 0 })
  expect((await store.read('aged')).epoch).not.toBe(epoch)
})

test('a long stream takes no more than what is kept of it', async () => {
  await using rig = await memoryRig({ idempotencyKeys: 10 })
  const { store } = rig
  const append = (n: number) => store.append('s', n % 100, { maxLength: 10, key: `key ${n % 100}`.padEnd(9) })
  for (let n = 0; n < 20; n++) await append(n)
  const { bytes } = store.inspect()
  for (let n = 20; n < 1000; n++) await append(n)
  expect(store.inspect().bytes).toBe(bytes)
  const { entries, first, top } = await store.read('s')
  expect([first, top]).toEqual([991, 1000])
  expect(entries.map(entry => entry.value)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
})

test('a kept value has memory of its own, not that of the batch it came in', () => {
  const engine = new StoreEngine()
  const outlet = new Outlet({ event: () => 0, missed: () => {} }, 1)
  const batch = Buffer.alloc(10_000)
  engine.execute(outlet, TO_STORE.SET, ['k', batch.subarray(0, 10), null, null, null])
  const [bytes] = engine.execute(outlet, TO_STORE.GET, ['k']) as [Uint8Array]
  expect([bytes.length, bytes.buffer.byteLength]).toEqual([10, 10])
})

test('a page ends where its bytes do, after one entry at least', async () => {
  await using rig = await memoryRig({ pageBytes: 2500, valueBytes: 10_000 })
  const { store } = rig
  for (let n = 0; n < 4; n++) await store.append('s', Buffer.alloc(1000))
  await store.append('s', Buffer.alloc(5000))
  const read = async (from: number) => (await store.read('s', { from })).entries.map(entry => entry.offset)
  expect([await read(1), await read(3), await read(5)]).toEqual([[1, 2], [3, 4], [5]])
  for (let n = 0; n < 4; n++) await store.set(`k${n}`, Buffer.alloc(1000))
  const { entries, next } = await store.scan('k')
  expect([entries.length, next]).toEqual([2, 'k1'])
  expect((await store.scan('k', { after: next })).next).toBe(undefined)
})

test('what a batch reads is bounded as a whole, and what it takes beyond that is not gone', async () => {
  await using rig = await memoryRig({ batchBytes: 1500 })
  const { store } = rig
  for (const key of ['a', 'b', 'c']) await store.set(key, Buffer.alloc(1000))
  const results = await store.batch([
    ['take', 'a'],
    ['take', 'b'],
    ['take', 'c'],
    ['add', 'n', 1],
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  expect(results[2]).toMatchObject({ reason: { code: 'ENOBUFS' } })
  expect(await store.get('c')).toBeDefined()
})

test('so many idempotency keys are known, the newest', async () => {
  await using rig = await memoryRig({ idempotencyKeys: 2 })
  const { store } = rig
  for (const key of ['a', 'b', 'c']) await store.append('s', key, { key })
  expect(await store.append('s', 'c', { key: 'c' })).toMatchObject({ offset: 3, duplicate: true })
  expect(await store.append('s', 'a', { key: 'a' })).toMatchObject({ offset: 4, duplicate: false })
})

test('a worker listens to so many channels; several listeners of one count once', async () => {
  await using rig = await memoryRig({ subscriptions: 1 })
  const { store } = rig
  const undo = await store.subscribe('a', () => {})
  await store.subscribe('a', () => {})
  await expect(store.subscribe('b', () => {})).rejects.toMatchObject(full)
  undo()
  expect(store.inspect().channels).toBe(1)
})

test('a slow listener in the same worker misses what does not fit', async () => {
  await using rig = await memoryRig({ windowBytes: 5000 })
  const { store } = rig
  const gate = Promise.withResolvers<void>()
  const missed: number[] = []
  let heard = 0
  const listener = () => {
    heard++
    return gate.promise
  }
  await store.subscribe('ch', listener, count => void missed.push(count))
  const went = []
  for (let n = 0; n < 10; n++) went.push(await store.publish('ch', Buffer.alloc(1000)))
  expect(went).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
  gate.resolve()
  await until(() => missed.length > 0)
  expect([heard, missed]).toEqual([5, [5]])
})

test('what is over is given back without any call, once its time has come', async () => {
  await using rig = await memoryRig({ positionTtl: 1000 })
  const { store, clock } = rig
  await store.set('k', 1, { ttl: 5000 })
  await store.add('c', 1, { ttl: 100_000 })
  await store.append('s', 1, { maxAge: 200_000 })
  clock.advance(6000)
  expect(store.inspect()).toMatchObject({ keys: 0, counters: 1, streams: 1 })
  clock.advance(300_000)
  expect(store.inspect()).toMatchObject({ bytes: 0, counters: 0, streams: 0 })
})

test('a disposed store leaves no timer', async () => {
  const rig = await memoryRig()
  await rig.store.set('k', 1, { ttl: 5000 })
  expect(rig.clock.timers).toBe(1)
  await rig.store.dispose()
  expect(rig.clock.timers).toBe(0)
})

test('a heap gives what expires first, through every change of a deadline', () => {
  const act = fc.tuple(fc.nat(29), fc.option(fc.nat(50), { nil: Number.POSITIVE_INFINITY }), fc.boolean())
  fc.assert(
    fc.property(fc.array(act, { minLength: 50, maxLength: 200, size: 'max' }), acts => {
      const heap = new ExpiryHeap<Expiring>()
      const items = Array.from({ length: 30 }, () => ({ expiresAt: Number.POSITIVE_INFINITY, place: -1 }))
      const deadlines = new Map<Expiring, number>()
      for (const [i, at, remove] of acts) {
        const item = items[i]!
        if (remove) heap.remove(item)
        else heap.schedule(item, at)
        if (remove || at === Number.POSITIVE_INFINITY) deadlines.delete(item)
        else deadlines.set(item, at)
        expect(heap.next).toBe(Math.min(...deadlines.values()))
      }
      const order: number[] = []
      for (let item = heap.due(99); item; item = heap.due(99)) {
        order.push(item.expiresAt)
        heap.remove(item)
      }
      expect(order).toEqual([...deadlines.values()].sort((a, b) => a - b))
    }),
  )
})

test('keys stay in order while thousands come and go', () => {
  const keys = new SortedKeys()
  const model = new Set<string>()
  for (let i = 0; i < 5000; i++) {
    const key = `k${(i * 7919) % 4093}`
    if (model.delete(key)) keys.delete(key)
    else {
      model.add(key)
      keys.add(key)
    }
  }
  const order = [...model].sort()
  expect([...keys.from('')]).toEqual(order)
  for (const from of ['k', 'k2', 'k2000', 'k999x', 'l'])
    expect([...keys.from(from)]).toEqual(order.filter(key => key >= from))
  for (const key of order) keys.delete(key)
  expect([...keys.from('')]).toEqual([])
})
