import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SharedDualQueue, type SharedDualQueueDescriptor } from '../src/index.ts'

const text = (record: Uint8Array): string => Buffer.from(record).toString()
const bytes = (value: string): Uint8Array => Buffer.from(value)

function all(queue: SharedDualQueue): string[] {
  const read: string[] = []
  queue.drain(record => void read.push(text(record)))
  return read
}

function startWriter(queue: SharedDualQueue, writer: number, count: number, size: number): Worker {
  const workerData = { descriptor: queue.descriptor, writer, count, bytes: size }
  return new Worker(new URL('./writer.ts', import.meta.url), { workerData })
}

/** A thread that posts what it reads, and listens to nothing else after the first record. */
async function startReader(queue: SharedDualQueue): Promise<Worker> {
  const reader = new Worker(
    `import { parentPort, workerData } from 'node:worker_threads'
     const { SharedDualQueue } = await import(workerData.module)
     const queue = SharedDualQueue.from(workerData.descriptor)
     queue.listen(() => queue.drain(record => {
       parentPort.postMessage(Buffer.from(record).toString())
       parentPort.close()
     }))
     parentPort.on('message', () => {})
     parentPort.postMessage('listening')`,
    {
      eval: true,
      execArgv: ['--input-type=module'],
      workerData: { descriptor: queue.descriptor, module: new URL('../src/index.ts', import.meta.url).href },
    },
  )
  await once(reader, 'message')
  return reader
}

/** Reads everything until so many records came, woken by the queue alone. */
function received(queue: SharedDualQueue, count: number): Promise<Uint8Array[]> {
  const records: Uint8Array[] = []
  return new Promise((resolve, reject) => {
    const stop = queue.listen(() => {
      try {
        queue.drain(record => void records.push(record))
      } catch (error) {
        return reject(error)
      }
      if (records.length < count) return
      stop()
      resolve(records)
    })
  })
}

describe('a shared dual queue', () => {
  test('gives records back in order, empty ones included', () => {
    const queue = SharedDualQueue.create()
    for (const record of ['a', '', 'ccc']) queue.push(bytes(record))
    expect(queue.empty).toBe(false)
    expect(all(queue)).toEqual(['a', '', 'ccc'])
    expect(queue.empty).toBe(true)
  })

  test('grows, and refuses what exceeds its bound until it was drained', () => {
    const queue = SharedDualQueue.create({ initialBytes: 16, maxBytes: 1000 })
    const record = new Uint8Array(96)
    for (let i = 0; i < 10; i++) queue.push(record)
    expect(() => queue.push(record)).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_FULL' }))
    expect(all(queue)).toHaveLength(10)
    queue.push(record)
    expect(() => queue.push(new Uint8Array(1000))).toThrow(
      expect.objectContaining({ code: 'ERR_QUEUE_FULL' }),
    )
    expect(all(queue)).toHaveLength(1)
  })

  test('closed, it refuses records and still gives those that wait', () => {
    const queue = SharedDualQueue.create()
    queue.push(bytes('before'))
    queue.close()
    expect(queue.closed).toBe(true)
    expect(() => queue.push(bytes('after'))).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_CLOSED' }))
    expect(all(queue)).toEqual(['before'])
  })

  test('its descriptor survives a structured clone and names the same queue', () => {
    const queue = SharedDualQueue.create({ initialBytes: 8, maxBytes: 4096 })
    const other = SharedDualQueue.from(structuredClone(queue.descriptor) as SharedDualQueueDescriptor)
    for (let i = 0; i < 100; i++) other.push(bytes(`record ${i}`))
    expect(all(queue)).toHaveLength(100)
  })

  test('stops after a record, or before it is done with, and goes on from there', () => {
    const queue = SharedDualQueue.create()
    for (const record of ['a', 'b', 'c']) queue.push(bytes(record))
    const read: string[] = []
    const note = (answer: 'stop' | 'keep') => (record: Uint8Array) => {
      read.push(text(record))
      return answer
    }
    expect(queue.drain(note('keep'))).toBe(false)
    expect(queue.drain(note('stop'))).toBe(false)
    queue.push(bytes('d'))
    expect([...read, ...all(queue)]).toEqual(['a', 'a', 'b', 'c', 'd'])
  })

  test('its records are copies: later pushes do not change them', () => {
    const queue = SharedDualQueue.create()
    let kept: Uint8Array | undefined
    for (const record of ['first', 'other', 'third']) {
      queue.push(bytes(record))
      queue.drain(read => void (kept ??= read))
    }
    expect(text(kept!)).toBe('first')
  })

  test('wakes a reader that came late, and not within the call', async () => {
    const queue = SharedDualQueue.create()
    queue.push(bytes('early'))
    const woken = Promise.withResolvers<string[]>()
    let returned = false
    const stop = queue.listen(() => woken.resolve([String(returned), ...all(queue)]))
    returned = true
    expect(await woken.promise).toEqual(['true', 'early'])
    stop()
  })

  test('wakes once, until a drain has emptied it', async () => {
    const queue = SharedDualQueue.create()
    let wakes = 0
    const stop = queue.listen(() => wakes++)
    const turns = async (count: number) => {
      for (let i = 0; i < count; i++) await new Promise(resolve => setImmediate(resolve))
    }
    const awake = async (count: number) => {
      while (wakes < count) await turns(1)
      await turns(3)
      return wakes
    }
    queue.push(bytes('1'))
    queue.push(bytes('2'))
    expect(await awake(1)).toBe(1)
    queue.push(bytes('3'))
    expect(queue.drain(() => 'stop')).toBe(false)
    queue.push(bytes('4'))
    await turns(3)
    expect(wakes).toBe(1)
    expect(all(queue)).toEqual(['2', '3', '4'])
    queue.push(bytes('5'))
    expect(await awake(2)).toBe(2)
    stop()
    all(queue)
    queue.push(bytes('6'))
    await turns(3)
    expect(wakes).toBe(2)
  })

  test.each([0, 5000])(
    'keeps the order of each of several threads, records of up to %i bytes',
    async size => {
      const count = 3000
      const queue = SharedDualQueue.create({ initialBytes: 64, maxBytes: 64 * 1024 })
      const done = received(queue, 3 * count)
      const writers = [1, 2, 3].map(writer => startWriter(queue, writer, count, size))
      const exits = writers.map(writer => once(writer, 'exit'))
      const next = [0, 0, 0, 0]
      for (const record of await done) {
        const view = new DataView(record.buffer, record.byteOffset, record.byteLength)
        const writer = view.getUint32(0)
        const i = view.getUint32(4)
        expect(i).toBe(next[writer])
        next[writer]!++
        expect(record.length).toBe(8 + (size === 0 ? 0 : i % size))
        expect(record.subarray(8).every(byte => byte === writer)).toBe(true)
      }
      await Promise.all(exits)
    },
  )

  test('wakes a reader in another thread, which it does not keep alive', async () => {
    const queue = SharedDualQueue.create()
    const reader = await startReader(queue)
    const exit = once(reader, 'exit')
    const message = once(reader, 'message')
    queue.push(bytes('hello'))
    expect(await message).toEqual(['hello'])
    expect(await exit).toEqual([0])
  })

  test('outlives a reader that is stopped in its sleep', async () => {
    const queue = SharedDualQueue.create()
    const reader = await startReader(queue)
    const stopped = reader.terminate()
    for (let i = 0; i < 100; i++) queue.push(bytes('x'))
    await stopped
    queue.push(bytes('last'))
    expect(all(queue).at(-1)).toBe('last')
  })

  test('a lock nobody gives back is an error, not a wait without end', () => {
    const queue = SharedDualQueue.create()
    const words = new Int32Array(queue.descriptor.words)
    Atomics.store(words, 0, 1)
    expect(() => queue.push(bytes('x'))).toThrow(expect.objectContaining({ code: 'ERR_QUEUE_LOCK' }))
  })

  test('behaves as a list does, whatever is pushed and read', () => {
    const step = fc.oneof(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }).map(records => ({ records })),
      fc.array(fc.constantFrom('stop', 'keep', undefined), { maxLength: 12 }).map(answers => ({ answers })),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const queue = SharedDualQueue.create({ initialBytes: 1 })
        const model: Uint8Array[] = []
        for (const one of steps) {
          if ('records' in one) {
            for (const record of one.records) queue.push(record)
            model.push(...one.records)
          } else {
            const answers = one.answers.values()
            const empty = queue.drain(record => {
              expect(record).toEqual(model[0])
              const answer = answers.next().value
              if (answer !== 'keep') model.shift()
              return answer
            })
            expect(empty).toBe(model.length === 0)
          }
          expect(queue.empty).toBe(model.length === 0)
        }
      }),
    )
  })
})
