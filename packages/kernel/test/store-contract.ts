/** What every store must do, whatever is behind it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Store } from '../src/store/index.ts'
import type { Rig } from './store-rigs.ts'
import { until } from './support/resources.ts'

/** The tests share a store and have names of their own in it. */
export function storeContract(over: string, start: () => Promise<Rig>): void {
  describe(`a store over ${over}`, () => {
    let rig: Rig
    let store: Store
    let other: Store

    beforeAll(async () => {
      rig = await start()
      store = await rig.open()
      other = await rig.open()
    })
    afterAll(() => rig[Symbol.asyncDispose]())

    describe('streams', () => {
      test('an append gets the next offset, a read what was appended, with its time', async () => {
        const first = await store.append('s-read', { n: 1 })
        const second = await other.append('s-read', { n: 2 })
        expect(first).toEqual({ epoch: expect.any(String), offset: 1, duplicate: false })
        expect(second).toEqual({ epoch: first.epoch, offset: 2, duplicate: false })
        const page = await store.read('s-read')
        expect(page).toEqual({
          epoch: first.epoch,
          top: 2,
          first: 1,
          entries: [
            { offset: 1, time: expect.any(Number), value: { n: 1 } },
            { offset: 2, time: expect.any(Number), value: { n: 2 } },
          ],
        })
      })

      test('the position is known before the first entry, and holds with it', async () => {
        const before = await store.read('s-fresh')
        expect(before).toEqual({ epoch: expect.any(String), top: 0, first: 1, entries: [] })
        expect((await other.append('s-fresh', 1)).epoch).toBe(before.epoch)
      })

      test('a read goes on from an offset, in either direction, so far as it is asked', async () => {
        for (let n = 1; n <= 6; n++) await store.append('s-page', n)
        const offsets = async (options: object) =>
          (await store.read('s-page', options)).entries.map(entry => entry.offset)
        expect(await offsets({ from: 3, limit: 2 })).toEqual([3, 4])
        expect(await offsets({ from: 5 })).toEqual([5, 6])
        expect(await offsets({ from: 0, limit: 1 })).toEqual([1])
        expect(await offsets({ from: 7 })).toEqual([])
        expect(await offsets({ reverse: true, limit: 2 })).toEqual([6, 5])
        expect(await offsets({ reverse: true, from: 3 })).toEqual([3, 2, 1])
        expect(await offsets({ reverse: true, from: 99, limit: 1 })).toEqual([6])
        expect(await offsets({ limit: 0 })).toEqual([])
      })

      test('retention is by count, bytes and age, and the position outlives the entries', async () => {
        for (let n = 1; n <= 5; n++) await store.append('s-count', n, { maxLength: 2 })
        expect(await store.read('s-count')).toMatchObject({ top: 5, first: 4 })
        for (let n = 1; n <= 5; n++) await store.append('s-bytes', Buffer.alloc(1000), { maxBytes: 2500 })
        expect(await store.read('s-bytes', { limit: 0 })).toMatchObject({ top: 5, first: 4 })
        const { epoch } = await store.append('s-age', 1, { maxAge: 1000 })
        await rig.advance(999)
        await store.append('s-age', 2, { maxAge: 1000 })
        expect((await store.read('s-age')).entries).toHaveLength(2)
        await rig.advance(1)
        expect(await store.read('s-age')).toMatchObject({ top: 2, first: 2 })
        await rig.advance(1000)
        expect(await store.read('s-age')).toEqual({ epoch, top: 2, first: 3, entries: [] })
        expect(await store.append('s-age', 3)).toMatchObject({ epoch, offset: 3 })
      })

      test('an append with a known key is not done again, also when its entry is gone', async () => {
        const options = { key: 'k', maxLength: 1 }
        const first = await store.append('s-key', 'a', options)
        expect(await other.append('s-key', 'a', options)).toEqual({ ...first, duplicate: true })
        await store.append('s-key', 'b', { maxLength: 1 })
        expect(await store.append('s-key', 'a', options)).toEqual({ ...first, duplicate: true })
        await rig.advance(5 * 60_000)
        expect(await store.append('s-key', 'a', options)).toMatchObject({ offset: 3, duplicate: false })
      })

      test('trim drops the oldest, and the rest keeps its offsets', async () => {
        for (let n = 1; n <= 5; n++) await store.append('s-trim', n)
        expect(await store.trim('s-trim', 3)).toBe(2)
        expect(await store.trim('s-trim', 3)).toBe(0)
        expect(await store.read('s-trim', { limit: 1 })).toMatchObject({ first: 3, entries: [{ value: 3 }] })
        expect(await store.trim('s-trim', 99)).toBe(3)
        expect(await store.read('s-trim')).toMatchObject({ top: 5, first: 6, entries: [] })
        expect(await store.trim('s-none', 1)).toBe(0)
      })

      test('a stream that is removed or unused for very long has another epoch', async () => {
        const { epoch } = await store.append('s-gone', 1)
        expect(await store.remove('s-gone')).toBe(true)
        expect(await store.remove('s-gone')).toBe(false)
        const again = await store.read('s-gone')
        expect(again.top).toBe(0)
        expect(again.epoch).not.toBe(epoch)
        await rig.advance(31 * 24 * 3600_000)
        expect((await store.read('s-gone')).epoch).not.toBe(again.epoch)
      })
    })

    describe('keys', () => {
      test('a value is set, got, set again with a newer version, and deleted', async () => {
        expect(await store.get('k')).toBe(undefined)
        const { done, version } = await store.set('k', { a: 1 })
        expect(done).toBe(true)
        expect(await other.get('k')).toEqual({ value: { a: 1 }, version, expiresIn: undefined })
        const second = await store.set('k', 2)
        expect(second.version).not.toBe(version)
        expect(await store.delete('k')).toBe(true)
        expect(await store.delete('k')).toBe(false)
        expect(await store.get('k')).toBe(undefined)
      })

      test('a set is conditional on absence or on a version, which no later value has', async () => {
        const { version } = await store.set('cas', 1, { ifAbsent: true })
        expect(await other.set('cas', 2, { ifAbsent: true })).toEqual({ done: false, version })
        const next = await other.set('cas', 2, { ifVersion: version })
        expect(next.done).toBe(true)
        expect(await store.set('cas', 3, { ifVersion: version })).toEqual({
          done: false,
          version: next.version,
        })
        expect(await store.delete('cas', { ifVersion: version })).toBe(false)
        expect(await store.delete('cas', { ifVersion: next.version })).toBe(true)
        expect(await store.set('cas', 3, { ifVersion: next.version })).toEqual({
          done: false,
          version: undefined,
        })
        await store.set('cas', 4)
        expect((await store.set('cas', 5, { ifVersion: next.version })).done).toBe(false)
      })

      test('a key with a ttl is gone at its end; a set without one makes it permanent', async () => {
        await store.set('ttl', 1, { ttl: 1000 })
        await store.set('ttl-kept', 1, { ttl: 1000 })
        await rig.advance(400)
        expect(await store.get('ttl')).toMatchObject({ expiresIn: 600 })
        await store.set('ttl-kept', 2)
        await rig.advance(599)
        expect(await store.get('ttl')).toMatchObject({ expiresIn: 1 })
        await rig.advance(1)
        expect(await store.get('ttl')).toBe(undefined)
        expect(await store.set('ttl', 1, { ifAbsent: true })).toMatchObject({ done: true })
        await rig.advance(100_000)
        expect(await store.get('ttl-kept')).toMatchObject({ value: 2, expiresIn: undefined })
      })

      test('of many takers one gets the value', async () => {
        await store.set('token', 'once')
        const taken = await Promise.all(
          Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).take('token')),
        )
        expect(taken.filter(Boolean)).toEqual([
          { value: 'once', version: expect.any(Number), expiresIn: undefined },
        ])
      })

      test('a scan pages through the keys with a prefix, in order', async () => {
        for (const n of [5, 1, 4, 2, 3]) await store.set(`scan:${n}`, n)
        await store.set('scan', 0)
        await store.set('scao', 0)
        await store.set('scan:x', 0, { ttl: 1 })
        await rig.advance(1)
        const first = await store.scan('scan:', { limit: 3 })
        expect(first.entries.map(({ key, value }) => [key, value])).toEqual([
          ['scan:1', 1],
          ['scan:2', 2],
          ['scan:3', 3],
        ])
        expect(first.next).toBe('scan:3')
        const second = await store.scan('scan:', { limit: 3, after: first.next })
        expect(second.entries.map(entry => entry.key)).toEqual(['scan:4', 'scan:5'])
        expect(second.next).toBe(undefined)
        expect(await store.scan('none:')).toEqual({ entries: [], next: undefined })
      })
    })

    describe('counters', () => {
      test('adds from several workers come together, until the window of the first ends', async () => {
        expect(await store.add('c', 2, { ttl: 1000 })).toEqual({ total: 2, expiresIn: 1000 })
        await rig.advance(600)
        expect(await other.add('c', 3, { ttl: 1000 })).toEqual({ total: 5, expiresIn: 400 })
        await rig.advance(400)
        expect(await other.add('c', 1)).toEqual({ total: 1, expiresIn: undefined })
      })

      test('a counter goes below zero, and is forgotten at zero', async () => {
        await store.add('d', 1, { ttl: 1000 })
        expect(await store.add('d', -1)).toEqual({ total: 0, expiresIn: undefined })
        expect(await store.add('d', -5)).toEqual({ total: -5, expiresIn: undefined })
        expect(await store.add('d', 0)).toEqual({ total: -5, expiresIn: undefined })
        await expect(store.add('d', -Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({ code: 'EINVAL' })
        expect(await store.add('d', 0)).toMatchObject({ total: -5 })
      })
    })

    describe('channels', () => {
      test('what is published reaches the listeners of all workers, in order', async () => {
        const got: unknown[] = []
        const undo = await store.subscribe('ch', value => void got.push(value))
        const workers = store === other ? 1 : 2
        const otherGot: unknown[] = []
        const undoOther = await other.subscribe('ch', value => void otherGot.push(value))
        for (let n = 0; n < 50; n++) expect(await other.publish('ch', { n })).toBe(workers)
        await until(() => got.length === 50 && otherGot.length === 50)
        expect(got).toEqual(Array.from({ length: 50 }, (_, n) => ({ n })))
        undo()
        undoOther()
      })

      test('an append gives its entry to a channel, in the order of offsets and once', async () => {
        const got: unknown[] = []
        const undo = await store.subscribe('ch-append', (value, entry) => void got.push({ value, ...entry }))
        const publish = 'ch-append'
        await Promise.all(
          Array.from({ length: 40 }, (_, n) =>
            (n % 2 ? store : other).append('s-live', n, { publish, key: `${n >> 2}`, maxLength: 99 }),
          ),
        )
        await other.publish(publish, 'plain')
        await until(() => got.length === 11)
        const { epoch, entries } = await store.read('s-live')
        expect(got).toEqual([...entries.map(entry => ({ epoch, ...entry })), { value: 'plain' }])
        undo()
      })

      test('after the undo nothing is heard, and nobody is left', async () => {
        const got: unknown[] = []
        const undo = await store.subscribe('ch-undo', value => void got.push(value))
        const second = await store.subscribe('ch-undo', value => void got.push(value))
        undo()
        undo()
        expect(await store.publish('ch-undo', 1)).toBe(1)
        await until(() => got.length === 1)
        const last = store.publish('ch-undo', 2)
        second()
        await last
        expect(await store.publish('ch-undo', 3)).toBe(0)
        expect(got).toEqual([1])
      })

      test('what a listener throws is reported, and the others hear', async () => {
        const got: unknown[] = []
        const undos = await Promise.all([
          store.subscribe('ch-throw', () => {
            throw new Error('listener')
          }),
          store.subscribe('ch-throw', async () => {
            throw new Error('slow listener')
          }),
          store.subscribe('ch-throw', value => void got.push(value)),
        ])
        await store.publish('ch-throw', 1)
        await until(() => rig.errors.length === 2)
        expect(rig.errors.splice(0).map(error => error.message)).toEqual(['listener', 'slow listener'])
        expect(got).toEqual([1])
        for (const undo of undos) undo()
      })
    })

    describe('batches', () => {
      test('calls are done in order in one go, each with its own result', async () => {
        await store.set('b-old', 'x')
        const [taken, gone, set, appended, failed, read] = await store.batch([
          ['take', 'b-old'],
          ['get', 'b-old'],
          ['set', 'b-new', 'y', { ifAbsent: true }],
          ['append', 'b-stream', { z: 1 }],
          ['add', 'b-count', 0.5],
          ['read', 'b-stream', { limit: 5 }],
        ])
        expect(taken).toMatchObject({ status: 'fulfilled', value: { value: 'x' } })
        expect(gone).toEqual({ status: 'fulfilled', value: undefined })
        expect(set).toMatchObject({ status: 'fulfilled', value: { done: true } })
        expect(appended).toMatchObject({ status: 'fulfilled', value: { offset: 1 } })
        expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'EINVAL' } })
        expect(read).toMatchObject({ status: 'fulfilled', value: { entries: [{ value: { z: 1 } }] } })
      })

      test('a batch with a value that cannot be kept does nothing at all', async () => {
        const calls = [
          ['set', 'b-none', 1],
          ['set', 'b-none2', { f: () => {} }],
        ] as const
        await expect(store.batch(calls)).rejects.toMatchObject({ code: 'EBADDATA' })
        expect(await store.get('b-none')).toBe(undefined)
      })
    })

    describe('values', () => {
      test.each([
        ['nothing', null],
        ['text', 'grüße \u{1f600}'],
        ['numbers', [0, -1, 1.5, 2 ** 40, Number.MAX_SAFE_INTEGER]],
        ['nested data', { a: [{ b: { c: [true, false, null] } }] }],
        ['a date', new Date(1e12)],
        ['large data', 'x'.repeat(400_000)],
      ])('%s comes back as it was', async (_what, value) => {
        await store.set('v', value)
        expect((await other.get('v'))!.value).toEqual(value)
      })

      test('bytes come back, and neither the writer nor a reader changes what is kept', async () => {
        for (const size of [3, 5000, 300_000]) {
          const bytes = Buffer.alloc(size, 1)
          const written = store.set('v-bytes', { bytes })
          bytes.fill(2)
          await written
          const read = (await store.get('v-bytes'))!.value as { bytes: Uint8Array }
          read.bytes.fill(3)
          const again = (await store.get('v-bytes'))!.value as { bytes: Uint8Array }
          expect(Buffer.compare(again.bytes, Buffer.alloc(size, 1))).toBe(0)
        }
      })
    })

    test.each<[string, string, (store: Store) => Promise<unknown>]>([
      ['a name that is too long', 'EMSGSIZE', s => s.get('x'.repeat(1025))],
      ['a value that is too large', 'EMSGSIZE', s => s.set('x', Buffer.alloc(2 ** 20 + 1))],
      [
        'a value that exceeds its stream',
        'EMSGSIZE',
        s => s.append('x', Buffer.alloc(100), { maxBytes: 50 }),
      ],
      ['half a surrogate pair', 'EINVAL', s => s.get('\ud800')],
      ['a name that is no string', 'EINVAL', s => s.get(1 as any)],
      ['a length of 0', 'EINVAL', s => s.append('x', 1, { maxLength: 0 })],
      ['a length beyond the limit', 'EINVAL', s => s.append('x', 1, { maxLength: 1e9 })],
      ['an age that is no number', 'EINVAL', s => s.append('x', 1, { maxAge: Number.NaN })],
      ['a ttl below 1', 'EINVAL', s => s.set('x', 1, { ttl: -5 })],
      ['a negative offset', 'EINVAL', s => s.trim('x', -1)],
      ['a page beyond the limit', 'EINVAL', s => s.read('x', { limit: 1e6 })],
      ['a batch in a batch', 'EINVAL', s => s.batch([['batch', []] as any])],
      ['a function', 'EBADDATA', s => s.publish('x', { f: () => {} })],
      ['too long a batch', 'EINVAL', s => s.batch(Array.from({ length: 1001 }, () => ['get', 'x'] as const))],
    ])('%s is refused with %s', async (_what, code, call) => {
      await expect(call(store)).rejects.toMatchObject({ name: 'SocketError', code })
    })

    test('calls are done in the order made, awaited or not', async () => {
      const calls = Array.from({ length: 200 }, (_, n) => store.append('order', n))
      expect((await Promise.all(calls)).map(({ offset }) => offset)).toEqual(calls.map((_, n) => n + 1))
    })

    test('after dispose calls reject and no listener hears', async () => {
      await using own = await start()
      const disposed = await own.open()
      const got: unknown[] = []
      await disposed.subscribe('end', value => void got.push(value))
      const published = disposed.publish('end', 1)
      await disposed.dispose()
      await published.catch(() => {})
      await expect(disposed.get('x')).rejects.toMatchObject({ code: 'ECLOSED' })
      await expect(disposed.subscribe('x', () => {})).rejects.toMatchObject({ code: 'ECLOSED' })
      expect(got).toEqual([])
    })
  })
}
