/** A store that is lost and comes back, workers that are slow, and ends that lie. */
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { Link } from '../src/link/link.ts'
import { portChannel } from '../src/link/port-channel.ts'
import type { Channel } from '../src/link/transport.ts'
import { BatchWriter } from '../src/link/writer.ts'
import { RemoteStore, type StoreBack, StoreServer } from '../src/store/index.ts'
import { FROM_STORE, STORE_VERSION, TO_STORE } from '../src/store/operations.ts'
import { packValue } from '../src/store/value-codec.ts'
import { inlineRig, KEEPERS } from './store-rigs.ts'
import { until } from './support/resources.ts'

/** What a store tells its user. */
function observe(store: RemoteStore) {
  const told: unknown[] = []
  store.onLost(() => void told.push('lost'))
  store.onBack(back => void told.push(back))
  return told
}

function remote() {
  const errors: Error[] = []
  const store = new RemoteStore({ onError: error => void errors.push(error) })
  return { store, errors, [Symbol.asyncDispose]: () => store.dispose() }
}

/** A worker or a store that says what the test wants. */
function bare() {
  const { port1, port2 } = new MessageChannel()
  const frames: [op: number, sequence: number, ...fields: unknown[]][] = []
  const link = new Link(
    portChannel(port1),
    (op, sequence, _size, a, b) => void frames.push([op, sequence, a, b]),
    error => {
      throw error
    },
  )
  return { link, frames, channel: portChannel(port2), [Symbol.dispose]: () => link.close() }
}

describe.each(Object.entries(KEEPERS))('a keeper in a %s', (_kind, start) => {
  test('that is killed rejects what waits; the next one has other epochs, and is listened to', async () => {
    await using first = await start()
    await using worker = remote()
    const { store } = worker
    store.attach(await first.channel())
    const told = observe(store)
    const before = await store.append('s', 1)
    const { version } = await store.set('k', 1)
    const got: unknown[] = []
    await store.subscribe('ch', value => void got.push(value))

    await first.kill()
    const waiting = store.get('k')
    store.detach(new Error('killed'))
    await expect(waiting).rejects.toMatchObject({ code: 'EPLUGIN', retryable: true })
    await expect(store.get('k')).rejects.toMatchObject({ code: 'EPLUGIN', retryable: true })
    expect(told).toEqual(['lost'])

    await using second = await start()
    store.attach(await second.channel())
    await until(() => told.length === 2)
    expect(told).toEqual(['lost', { kept: false }])
    const page = await store.read('s')
    expect(page).toMatchObject({ top: 0, entries: [] })
    expect(page.epoch).not.toBe(before.epoch)
    await store.set('k', 2)
    expect((await store.set('k', 3, { ifVersion: version })).done).toBe(false)
    expect(await store.publish('ch', 'again')).toBe(1)
    await until(() => got.length === 1)
  })
})

test('a store whose channel alone was lost is the same, and an append is repeated safely', async () => {
  await using rig = await inlineRig()
  const store = await rig.open()
  const told = observe(store)
  const first = await store.append('s', 1, { key: 'once' })
  const repeated = store.append('s', 2, { key: 'twice' })
  await rig.open().then(other => other.get('any'))
  store.detach(new Error('cut'))
  await repeated.catch(error => expect(error.code).toBe('EPLUGIN'))
  store.attach(rig.channel())
  await until(() => told.length === 2)
  expect(told).toEqual(['lost', { kept: true }])
  expect(await store.append('s', 2, { key: 'twice' })).toMatchObject({ epoch: first.epoch, offset: 2 })
  expect((await store.read('s')).entries.map(entry => entry.value)).toEqual([1, 2])
})

test('an answer that had arrived before the loss counts', async () => {
  using peer = bare()
  await using worker = remote()
  worker.store.attach(peer.channel)
  const answered = worker.store.add('c', 1)
  const unanswered = worker.store.add('c', 1)
  await until(() => peer.frames.length === 2)
  peer.link.frame(FROM_STORE.RESULT, peer.frames[0]![1], 1, [1, null])
  peer.link.flush()
  worker.store.detach(new Error('cut'))
  expect(await answered).toEqual({ total: 1, expiresIn: undefined })
  await expect(unanswered).rejects.toMatchObject({ code: 'EPLUGIN' })
})

test('who loses the store again before it was back is told once, and of the data since the first loss', async () => {
  await using worker = remote()
  const { store } = worker
  const told = observe(store)
  const hello = (id: string, answer: boolean) => {
    const peer = bare()
    store.attach(peer.channel)
    peer.link.frame(FROM_STORE.HELLO, 0, 3, STORE_VERSION, id, 1000)
    if (answer)
      void until(() => peer.frames.length > 0).then(() =>
        peer.link.frame(FROM_STORE.RESULT, peer.frames[0]![1], 1, null),
      )
    return peer
  }
  using first = hello('one', true)
  await store.subscribe('ch', () => {})
  using second = hello('two', false)
  await until(() => second.frames.length > 0)
  using third = hello('two', true)
  await until(() => told.length === 2)
  expect(told).toEqual(['lost', { kept: false }])
  expect([first, second, third].map(peer => peer.frames[0]![0])).toEqual(Array(3).fill(TO_STORE.SUBSCRIBE))
})

test('what is undone while the store is lost is not taken up again', async () => {
  await using rig = await inlineRig()
  const store = await rig.open()
  const other = await rig.open()
  const backs: StoreBack[] = []
  store.onBack(back => void backs.push(back))
  const undo = await store.subscribe('undone', () => {})
  await store.subscribe('kept', () => {})
  store.detach(new Error('cut'))
  undo()
  store.attach(rig.channel())
  await until(() => backs.length === 1)
  const [undone, kept] = await Promise.all([other.publish('undone', 1), other.publish('kept', 1)])
  // The server has not been told of the cut: the old connection listens too.
  expect([undone, kept]).toEqual([1, 2])
})

test('a listener the next store refuses is over and reported; the others go on', async () => {
  await using rig = await inlineRig()
  await using small = await inlineRig({ subscriptions: 1 })
  const store = await rig.open()
  const told = observe(store)
  for (const channel of ['one', 'two']) await store.subscribe(channel, () => {})
  store.attach(small.channel())
  await until(() => told.length === 2)
  expect(rig.errors).toMatchObject([{ code: 'ENOSPC' }])
  const receivers = await Promise.all([store.publish('one', 1), store.publish('two', 1)])
  expect(receivers.toSorted()).toEqual([0, 1])
})

test('a worker that leaves listens to nothing any more', async () => {
  await using rig = await inlineRig()
  const store = await rig.open()
  const { port1, port2 } = new MessageChannel()
  const disconnect = rig.server.connect(portChannel(port2), () => {})
  await using worker = remote()
  worker.store.attach(portChannel(port1))
  await worker.store.subscribe('ch', () => {})
  expect(await store.publish('ch', 1)).toBe(1)
  expect(rig.server.inspect()).toMatchObject({ workers: 2, channels: 1 })
  disconnect()
  expect(await store.publish('ch', 1)).toBe(0)
  expect(rig.server.inspect()).toMatchObject({ workers: 1, channels: 0 })
})

test('a slow listener misses what does not fit its window, is told how much, and holds nobody up', async () => {
  const windowBytes = 20_000
  await using rig = await inlineRig({ windowBytes })
  const slow = await rig.open()
  const quick = await rig.open()
  const gate = Promise.withResolvers<void>()
  const heard: unknown[] = []
  await slow.subscribe(
    'ch',
    value => {
      heard.push((value as { n: number }).n)
      return gate.promise
    },
    count => void heard.push({ missed: count }),
  )
  let quickHeard = 0
  await quick.subscribe('ch', () => void quickHeard++)
  for (let n = 0; n < 100; n++) await quick.publish('ch', { n, data: 'x'.repeat(1000) })
  await until(() => quickHeard === 100)
  const fitted = heard.length
  expect(fitted).toBeGreaterThan(15)
  expect(fitted).toBeLessThan(25)
  gate.resolve()
  await until(() => heard.length === fitted + 1)
  expect(await quick.publish('ch', { n: 100 })).toBe(2)
  await until(() => heard.length === fitted + 2)
  expect(heard.slice(-2)).toEqual([{ missed: 100 - fitted }, 100])
})

test('a worker that does not read its answers gets no more large ones until it has', async () => {
  const windowBytes = 50_000
  await using rig = await inlineRig({ windowBytes })
  await (await rig.open()).set('large', Buffer.alloc(20_000))
  using worker = bare()
  rig.server.connect(worker.channel, error => {
    throw error
  })
  const ask = async (op: number, count: number, ...fields: unknown[]) => {
    const before = worker.frames.length
    worker.link.frame(op, before, count, ...fields)
    await until(() => worker.frames.length > before)
    return worker.frames.at(-1)!
  }
  await until(() => worker.frames.length === 1)
  for (let i = 0; i < 3; i++) expect((await ask(TO_STORE.GET, 1, 'large'))[0]).toBe(FROM_STORE.RESULT)
  const [op, , record] = await ask(TO_STORE.GET, 1, 'large')
  expect([op, record]).toMatchObject([FROM_STORE.FAIL, { code: 'ENOBUFS', retryable: true }])
  expect((await ask(TO_STORE.TAKE, 1, 'large'))[0]).toBe(FROM_STORE.FAIL)
  expect((await ask(TO_STORE.SET, 5, 'k', packValue(1), null, null, null))[0]).toBe(FROM_STORE.RESULT)
  worker.link.frame(TO_STORE.CREDIT, 0, 1, 50_000)
  expect((await ask(TO_STORE.TAKE, 1, 'large'))[0]).toBe(FROM_STORE.RESULT)
})

test('a worker has so many calls waiting, and no more', async () => {
  using peer = bare()
  await using worker = remote()
  worker.store.attach(peer.channel)
  const value = Buffer.alloc(2 ** 20)
  const calls = Array.from({ length: 66 }, () => worker.store.set('k', value).catch(error => error.code))
  expect(await calls.at(-1)).toBe('ENOBUFS')
  await worker.store.dispose()
  expect(await Promise.all(calls)).toEqual([...Array(64).fill('ECLOSED'), 'ENOBUFS', 'ENOBUFS'])
})

test('calls that were answered make room for others', async () => {
  await using rig = await inlineRig()
  const store = await rig.open()
  const value = Buffer.alloc(2 ** 20 - 10)
  for (let n = 0; n < 70; n++) await store.set('k', value)
  await store.dispose()
})

test('credit of one store is not told to the next', async () => {
  await using worker = remote()
  const { store } = worker
  for (const _store of ['first', 'second']) {
    const peer = bare()
    store.attach(peer.channel)
    peer.link.frame(FROM_STORE.HELLO, 0, 3, STORE_VERSION, 'id', 1000)
    const answer = store.get('k')
    await until(() => peer.frames.length === 1)
    peer.link.frame(FROM_STORE.RESULT, peer.frames[0]![1], 1, [packValue('x'.repeat(700)), 1, null])
    await answer
    const next = store.get('k')
    await until(() => peer.frames.length > 1)
    expect(peer.frames[1]![0]).toBe(TO_STORE.GET)
    next.catch(() => {})
  }
})

test('a subscription that was not confirmed before the loss rejects, and is not made behind its caller', async () => {
  await using worker = remote()
  const { store } = worker
  using first = bare()
  store.attach(first.channel)
  const subscribed = store.subscribe('ch', () => {})
  await until(() => first.frames.length === 1)
  using second = bare()
  store.attach(second.channel)
  second.link.frame(FROM_STORE.HELLO, 0, 3, STORE_VERSION, 'id', 1000)
  second.link.flush()
  await expect(subscribed).rejects.toMatchObject({ code: 'EPLUGIN' })
  const told = observe(store)
  await until(() => told.length === 1)
  store.get('k').catch(() => {})
  await until(() => second.frames.length > 0)
  expect(second.frames.map(([op]) => op)).toEqual([TO_STORE.GET])
})

test('a channel that still delivers after it was let go is not heard', async () => {
  await using worker = remote()
  let deliver: Parameters<Channel['onMessage']>[0] = () => {}
  const channel: Channel = {
    send() {},
    onMessage(listener) {
      deliver = listener
    },
    drain() {},
    close() {},
  }
  worker.store.attach(channel)
  const writer = new BatchWriter()
  const say = (...frame: Parameters<BatchWriter['frame']>): void => {
    writer.frame(...frame)
    deliver(writer.take().batch, [])
  }
  const heard: unknown[] = []
  const subscribed = worker.store.subscribe('ch', value => void heard.push(value))
  say(FROM_STORE.RESULT, 1, 1, null)
  await subscribed
  say(FROM_STORE.EVENT, 0, 2, 'ch', packValue('in time'))
  worker.store.detach(new Error('cut'))
  say(FROM_STORE.EVENT, 0, 2, 'ch', packValue('too late'))
  expect(heard).toEqual(['in time'])
})

test('a worker that listens to a channel already may say so again', async () => {
  await using rig = await inlineRig({ subscriptions: 1 })
  using worker = bare()
  rig.server.connect(worker.channel, () => {})
  for (let i = 0; i < 2; i++) worker.link.frame(TO_STORE.SUBSCRIBE, i, 1, 'ch')
  worker.link.frame(TO_STORE.SUBSCRIBE, 2, 1, 'other')
  await until(() => worker.frames.length === 4)
  const { HELLO, RESULT, FAIL } = FROM_STORE
  expect(worker.frames.map(([op]) => op)).toEqual([HELLO, RESULT, RESULT, FAIL])
  expect(rig.server.inspect().channels).toBe(1)
})

test.each<[string, (link: Link) => void]>([
  ['an operation that is none', link => void link.frame(99, 1, 0)],
  ['credit that is none', link => void link.frame(TO_STORE.CREDIT, 0, 1, 'much')],
  ['negative credit', link => void link.frame(TO_STORE.CREDIT, 0, 1, -5)],
])('a worker that sends %s is not served any more; the others are', async (_what, lie) => {
  const server = new StoreServer()
  await using honest = remote()
  const { port1, port2 } = new MessageChannel()
  server.connect(portChannel(port2), () => {})
  honest.store.attach(portChannel(port1))
  using liar = bare()
  const broken = Promise.withResolvers<unknown>()
  server.connect(liar.channel, broken.resolve)
  lie(liar.link)
  expect(await broken.promise).toMatchObject({ code: 'EPROTO' })
  expect(server.inspect().workers).toBe(1)
  expect(await honest.store.add('c', 1)).toMatchObject({ total: 1 })
  server.dispose()
})

test.each<[string, string, (link: Link) => void]>([
  ['speaks another version', 'EPROTO', link => void link.frame(FROM_STORE.HELLO, 0, 3, 99, 'id', 1)],
  ['says what no store says', 'EPROTO', link => void link.frame(77, 0, 0)],
])('a store that %s is given up', async (_what, code, lie) => {
  using peer = bare()
  await using worker = remote()
  const told = observe(worker.store)
  worker.store.attach(peer.channel)
  const waiting = worker.store.get('k')
  lie(peer.link)
  await expect(waiting).rejects.toMatchObject({ code: 'EPLUGIN' })
  expect(worker.errors).toMatchObject([{ code }])
  expect(told).toEqual(['lost'])
  expect(worker.store.attached).toBe(false)
})

test('an answer that is none rejects its call alone, and a message that is none is reported', async () => {
  using peer = bare()
  await using worker = remote()
  worker.store.attach(peer.channel)
  const calls = [worker.store.read('s'), worker.store.get('k')]
  const subscribed = worker.store.subscribe('ch', () => {})
  await until(() => peer.frames.length === 3)
  const [read, get, subscribe] = peer.frames
  peer.link.frame(FROM_STORE.RESULT, read![1], 1, 'nonsense')
  peer.link.frame(FROM_STORE.RESULT, subscribe![1], 1, null)
  await expect(calls[0]).rejects.toMatchObject({ code: 'EPROTO' })
  await subscribed
  peer.link.frame(FROM_STORE.EVENT, 0, 2, 'ch', Buffer.from([0x92]))
  peer.link.frame(FROM_STORE.RESULT, get![1], 1, null)
  expect(await calls[1]).toBe(undefined)
  expect(worker.errors).toHaveLength(1)
})
