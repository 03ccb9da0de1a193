/** What the types infer and what they refuse. */
import { expect, expectTypeOf, test } from 'vitest'
import {
  connect,
  type History,
  type HydrogenClient,
  type HydrogenEvent,
  type Subscription,
} from '../../src/hydrogen/client/index.ts'

interface Job {
  job: number
}

interface Printer {
  commands: {
    'print:start': [input: { file: string }, output: Job]
    'print:stop': [input: undefined, output: boolean]
    'file:list': [input: { folder: string } | undefined, output: string[]]
  }
  topics: {
    'printer.status': { bed: number }
    'printer.*.temperature': number
    'chat.>': { say: string }
  }
}

/** Nothing listens there. */
const NOWHERE = 'ws://127.0.0.1:9'

test('commands take and give what the contract says', async () => {
  const client = connect<Printer>(NOWHERE)
  expectTypeOf(client).toEqualTypeOf<HydrogenClient<Printer>>()
  const start = client.command('print', 'start', { file: 'a' })
  expectTypeOf(start).resolves.toEqualTypeOf<Job>()
  const stop = client.command('print', 'stop', undefined, { timeout: 5 })
  expectTypeOf(stop).resolves.toEqualTypeOf<boolean>()
  const list = client.command('file', 'list')
  expectTypeOf(list).resolves.toEqualTypeOf<string[]>()
  const commands = [
    start,
    stop,
    list,
    client.command('print', 'stop'),
    client.command('file', 'list', { folder: '/' }),
    // @ts-expect-error it takes a file
    client.command('print', 'start', { folder: '/' }),
    // @ts-expect-error it takes something
    client.command('print', 'start'),
    // @ts-expect-error no such channel
    client.command('paint', 'start'),
    // @ts-expect-error an action of another channel
    client.command('print', 'list'),
  ]
  await rejected(client, commands)
})

test('events carry what the contract says of their topic', async () => {
  const client = connect<Printer>(NOWHERE)
  const status = client.subscribe('printer.status')
  expectTypeOf(status).resolves.toEqualTypeOf<Subscription<{ bed: number }>>()
  const history = client.history('printer.1.temperature')
  expectTypeOf(history).resolves.toEqualTypeOf<History<number>>()
  const calls = [
    status,
    history,
    client.subscribe('printer.status', event => {
      expectTypeOf(event).toEqualTypeOf<HydrogenEvent<{ bed: number }>>()
    }),
    client.subscribe('printer.3.temperature', { ack: true }, ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<number>()
    }),
    client.subscribe('printer.*.temperature', ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<number>()
    }),
    client.subscribe('chat.lobby.1', ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ say: string }>()
    }),
    client.subscribe('printer.>', ({ data }) => {
      expectTypeOf(data).toEqualTypeOf<{ bed: number } | number>()
    }),
    client.subscribe('elsewhere', ({ data }) => {
      expectTypeOf(data).toBeUnknown()
    }),
    // @ts-expect-error not a lane
    client.subscribe('printer.status', { lane: 0 }),
  ]
  await rejected(client, calls)
})

test('without a contract everything goes', async () => {
  const client = connect(NOWHERE)
  const command = client.command('any', 'thing', { at: 'all' })
  expectTypeOf(command).resolves.toBeAny()
  const subscribing = client.subscribe('any.topic', ({ data }) => {
    expectTypeOf(data).toBeAny()
  })
  client.on('state', state => {
    expectTypeOf(state).toEqualTypeOf<'connecting' | 'connected' | 'waiting' | 'closed'>()
  })
  // @ts-expect-error no such event
  client.on('open', () => {})
  await rejected(client, [command, subscribing])
})

/** None of them came about. */
async function rejected(client: HydrogenClient<any>, calls: readonly Promise<unknown>[]): Promise<void> {
  await client.close()
  for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected')
}
