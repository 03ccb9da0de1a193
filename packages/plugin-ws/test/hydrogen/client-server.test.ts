/** The client and the server together, over connections that can be cut. */

import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Server, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import {
  type ConnectOptions,
  connect,
  type HydrogenClient,
  type Missed,
} from '../../src/hydrogen/client/index.ts'
import { createHydrogenServer, type HydrogenServer, type HydrogenServerOptions } from '../../src/index.ts'
import { wsKernel } from '../support/kernel.ts'
import { once } from './support/client-peer.ts'

/** Connections through it can be cut. */
class Cutter implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Whether new connections are let through. */
  isOpen = true

  constructor(port: number) {
    this.#server = createServer(near => {
      if (!this.isOpen) return near.resetAndDestroy()
      const far = dial(port, '127.0.0.1')
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one)
        one.on('error', () => {})
        one.on('close', () => {
          other.destroy()
          this.#sockets.delete(one)
        })
        one.pipe(other)
      }
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

const KEYS = [
  { key: 'ann-key', user: 'ann', permissions: ['*'], signingSecret: 'the secret of ann' },
  { key: 'bob-key', user: 'bob', permissions: ['print:start', 'subscribe:news'] },
]

class Together implements AsyncDisposable {
  readonly server: HydrogenServer
  readonly cutter: Cutter
  readonly #stack: AsyncDisposableStack
  readonly #url: string

  private constructor(server: HydrogenServer, cutter: Cutter, url: string, stack: AsyncDisposableStack) {
    this.server = server
    this.cutter = cutter
    this.#url = url
    this.#stack = stack
  }

  static async start(options: HydrogenServerOptions = {}): Promise<Together> {
    const stack = new AsyncDisposableStack()
    const kernel = await wsKernel()
    stack.defer(() => kernel.close())
    const server = await createHydrogenServer(kernel, { keys: KEYS, at: 0, status: false, ...options })
    const cutter = stack.use(new Cutter(server.address.port))
    return new Together(server, cutter, await cutter.listen(), stack)
  }

  client(options: ConnectOptions = { key: 'ann-key' }): HydrogenClient {
    const client = connect<any>(this.#url, { reconnect: { min: 1, max: 20 }, ...options })
    this.#stack.defer(() => client.close())
    return client as HydrogenClient
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

test('a command is run by the program and answered', async () => {
  await using it = await Together.start({
    handlers: {
      print: ({ action, data, user }) => {
        if (action === 'fail') throw Object.assign(new Error('no paper'), { code: 'forbidden' })
        return { action, data, user }
      },
    },
  })
  const client = it.client()
  expect(await client.command('print', 'start', { file: 'a' })).toEqual({
    action: 'start',
    data: { file: 'a' },
    user: 'ann',
  })
  await expect(client.command('print', 'fail')).rejects.toMatchObject({ name: 'HydrogenClientError' })
  await expect(client.command('paint', 'start')).rejects.toMatchObject({ reason: 'unknown_channel' })
  expect(await client.command('print', 'after')).toMatchObject({ action: 'after' })
  expect(client.session).toMatchObject({ user: 'ann', permissions: ['*'], ttl: 120_000 })
})

test('a key that is not known is refused, and so is a command that is not permitted', async () => {
  await using it = await Together.start({ handlers: { print: () => 'ran' } })
  const stranger = it.client({ key: 'no-key', reconnect: false })
  await expect(stranger.ready).rejects.toMatchObject({ code: 'lost' })
  const bob = it.client({ key: 'bob-key' })
  await expect(bob.command('print', 'stop')).rejects.toMatchObject({ reason: 'forbidden' })
  expect(await bob.command('print', 'start')).toBe('ran')
})

test('a token may be shown in the first message, and be replaced by a fresh one', async () => {
  await using it = await Together.start({
    verify: {
      firstMessage: true,
      handler: ({ token }) =>
        token.startsWith('token of ') ? { user: token.slice(9), permissions: ['*'] } : undefined,
    },
  })
  const client = it.client({ token: 'token of eve' })
  await client.ready
  expect(client.session).toMatchObject({ user: 'eve' })
  expect(await client.refresh()).toMatchObject({ user: 'eve', permissions: ['*'] })
  await expect(client.refresh('token of bob')).rejects.toMatchObject({ reason: 'session_user' })
  await expect(it.client({ token: 'no token at all' }).ready).rejects.toMatchObject({
    reason: 'token_invalid',
  })
})

test('a signed command runs, and no other where one has to be signed', async () => {
  await using it = await Together.start({
    actions: { 'print:start': { signed: true } },
    handlers: { print: ({ data }) => data },
  })
  const client = it.client()
  const data = { grüße: 'ünïcode', n: [1, 2.5] }
  expect(await client.command('print', 'start', data, { sign: 'the secret of ann' })).toEqual(data)
  await expect(client.command('print', 'start', data)).rejects.toMatchObject({ reason: 'signature_missing' })
  const wrong = client.command('print', 'start', data, { sign: 'wrong' })
  await expect(wrong).rejects.toMatchObject({ reason: 'signature_invalid' })
  expect(await client.command('print', 'start', 1, { sign: 'the secret of ann' })).toBe(1)
})

test('events come by topic, pattern and filter, and history, presence and the last value can be asked for', async () => {
  await using it = await Together.start({ topics: { 'room.>': { presence: true } } })
  const client = it.client()
  const exact: unknown[] = []
  const wild: unknown[] = []
  const filtered: unknown[] = []
  await client.subscribe('room.one', ({ data }) => exact.push(data))
  await client.subscribe('room.*', ({ data }) => wild.push(data))
  await client.subscribe('log', { filter: { attr: 'level', op: 'gte', value: 3 } }, ({ data }) =>
    filtered.push(data),
  )
  await it.server.publish('room.one', 1)
  await it.server.publish('room.two', 2)
  for (let level = 1; level <= 5; level++) await it.server.publish('log', level, { attributes: { level } })
  const last = once(client, 'event', ({ data }: any) => data === 'end')
  await it.server.publish('room.one', 'end')
  await last
  expect([exact, wild, filtered]).toEqual([
    [1, 'end'],
    [1, 2, 'end'],
    [3, 4, 5],
  ])
  expect(await client.history('log', { from: 2, limit: 2 })).toMatchObject({
    topic: 'log',
    top: 5,
    first: 1,
    publications: [
      { offset: 2, data: 2, attributes: { level: 2 } },
      { offset: 3, data: 3 },
    ],
  })
  const joined = once<any>(client, 'event', ({ action }: any) => action === 'join')
  const bob = it.client({ key: 'bob-key' })
  const values: unknown[] = []
  await bob.subscribe('room.one', { last: true }, ({ data }) => values.push(data))
  expect((await joined).data).toEqual({ topic: 'room.one', user: 'bob' })
  expect(await client.presence('room.one')).toMatchObject({
    connections: 2,
    users: expect.arrayContaining([{ user: 'bob', connections: 1 }]),
  })
  expect(values).toEqual(['end'])
  expect(await bob.ping()).toBeGreaterThan(0)
})

test('each command runs once, however often the connection is cut', async () => {
  const runs = new Map<number, number>()
  await using it = await Together.start({
    handlers: {
      count: async ({ data }) => {
        runs.set(data, (runs.get(data) ?? 0) + 1)
        await new Promise(resolve => setTimeout(resolve, data % 7))
        return data
      },
    },
  })
  const client = it.client()
  const numbers = Array.from({ length: 200 }, (_, i) => i)
  const answers: Promise<unknown>[] = []
  for (const number of numbers) {
    answers.push(client.command('count', 'one', number))
    if (number % 20 !== 10) continue
    await answers[number - 10]
    const session = once(client, 'session')
    it.cutter.cut()
    await session
  }
  expect(await Promise.all(answers)).toEqual(numbers)
  expect([...runs].sort(([a], [b]) => a - b)).toEqual(numbers.map(number => [number, 1]))
})

test.each([false, true])('events with ack: %s come once and in order, over all cuts', async ack => {
  await using it = await Together.start()
  const client = it.client()
  const seen: number[] = []
  const missed: Missed[] = []
  const errors: string[] = []
  client.on('gap', one => missed.push(one))
  client.on('error', ({ message }) => errors.push(message))
  const count = 400
  const all = Promise.withResolvers<void>()
  await client.subscribe('t', { ack }, ({ data }) => {
    seen.push(data)
    if (seen.length === count) all.resolve()
  })
  const published = []
  for (let i = 1; i <= count; i++) {
    published.push(it.server.publish('t', i))
    if (i % 50 !== 25) continue
    await Promise.all(published)
    const session = once(client, 'session')
    it.cutter.cut()
    await session
  }
  await all.promise
  expect(seen).toEqual(Array.from({ length: count }, (_, i) => i + 1))
  expect(missed).toEqual([])
  expect(client.position('t')).toMatchObject({ offset: count })
  expect(errors.filter(message => message.includes('insufficient'))).toEqual([])
})

test('a producer is told when its event was acknowledged, also where the handler failed at first', async () => {
  await using it = await Together.start({ limits: { delivery: { backoff: [0.01] } } })
  const client = it.client()
  client.on('error', () => {})
  const attempts: number[] = []
  await client.subscribe('t', { ack: true }, async ({ attempt }) => {
    attempts.push(attempt)
    if (attempt < 3) throw new Error('not yet')
  })
  expect(await it.server.publish('t', 'x', { confirm: 'all' })).toMatchObject({ confirmed: 1 })
  expect(attempts).toEqual([1, 2, 3])
})

test('a loop that is slow is not sent its events again', async () => {
  await using it = await Together.start({ limits: { delivery: { ackWait: 1, minAckWait: 1 } } })
  const client = it.client()
  const subscription = await client.subscribe('t', { ack: true })
  for (const data of ['a', 'b']) await it.server.publish('t', data)
  const seen: unknown[] = []
  for await (const { data, attempt } of subscription) {
    seen.push([data, attempt])
    await new Promise(resolve => setTimeout(resolve, 1500))
    if (data === 'b') break
  }
  expect(seen).toEqual([
    ['a', 1],
    ['b', 1],
  ])
})

test('a session that was not resumed in time is another one, and the events meanwhile are recovered', async () => {
  await using it = await Together.start({ session: { ttl: 1 } })
  const client = it.client({ key: 'ann-key', reconnect: { min: 1, max: 1 } })
  const seen: unknown[] = []
  const all = Promise.withResolvers<void>()
  await client.subscribe('t', ({ data }) => {
    seen.push(data)
    if (data === 3) all.resolve()
  })
  await it.server.publish('t', 1)
  await once(client, 'event')
  const first = client.session!.session
  it.cutter.isOpen = false
  it.cutter.cut()
  const session = once<any>(client, 'session', ({ recovered }) => !recovered)
  await it.server.publish('t', 2)
  await it.server.publish('t', 3)
  await new Promise(resolve => setTimeout(resolve, 1100))
  it.cutter.isOpen = true
  await session
  await all.promise
  expect(client.session).toMatchObject({ recovered: false })
  expect(client.session!.session).not.toBe(first)
  expect(seen).toEqual([1, 2, 3])
})

test('a user whose permissions are taken away loses the subscriptions, and one who is thrown out stays away', async () => {
  await using it = await Together.start({ topics: { 'open.>': { permission: 'subscribe:news' } } })
  const bob = it.client({ key: 'bob-key' })
  const subscription = await bob.subscribe('open.news')
  const ended = once<Error>(subscription, 'end')
  expect(await it.server.refresh({ user: 'bob' }, { permissions: ['print:start'] })).toBe(1)
  expect(await ended).toMatchObject({ reason: 'revoked' })
  await expect(bob.subscribe('open.news')).rejects.toMatchObject({ reason: 'forbidden' })
  const closed = once(bob, 'close')
  await it.server.disconnect({ user: 'bob' }, { end: true })
  expect(await closed).toMatchObject({ code: 4501 })
})
