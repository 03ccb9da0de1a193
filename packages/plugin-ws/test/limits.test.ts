/** How many, how often, how much: SO_MAX_CONNECTIONS, 123 and 260-263. */
import {
  createKernel,
  RATE_LIMIT_BAN,
  RATE_LIMIT_BYTES,
  RATE_LIMIT_CONNECTIONS,
  RATE_LIMIT_MESSAGES,
  SO_MAX_CONNECTIONS,
} from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { watchLaunches } from '../../kernel/test/support/launches.ts'
import { WS_AUTH, WS_MAX_MESSAGE_SIZE, ws } from '../src/index.ts'
import { echoing, ISOLATIONS, peer, refusedWith, serving, until, wsKernel } from './support/kernel.ts'
import { frame, RawPeer, TEXT } from './support/raw.ts'

/** Waits for the server to know of as many connections. */
async function connections(kernel: { inspect(): Promise<unknown> }, count: number): Promise<void> {
  while (!JSON.stringify(await kernel.inspect()).includes(`"connections":${count},`));
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('beyond SO_MAX_CONNECTIONS a handshake is refused with 503, until one has left', async () => {
    await using kernel = await wsKernel(isolation)
    const { url } = await serving(kernel, {}, [[SO_MAX_CONNECTIONS, 2]])
    await using _one = await peer(url)
    {
      await using _two = await peer(url)
      const { status, headers } = await refusedWith(url)
      expect([status, headers['retry-after']]).toEqual([503, '1'])
    }
    await connections(kernel, 1)
    await using _three = await peer(url)
  })

  test('a peer that sends faster than RATE_LIMIT_MESSAGES is closed with 1008', async () => {
    await using kernel = await wsKernel(isolation)
    const closed = Promise.withResolvers<Error | undefined>()
    let messages = 0
    const { url } = await serving(
      kernel,
      { message: () => void messages++, close: (_fd, error) => closed.resolve(error) },
      [[RATE_LIMIT_MESSAGES, { rate: 0.001, burst: 3 }]],
    )
    await using client = await peer(url)
    for (let i = 0; i < 10; i++) client.socket.send('x')
    expect(await client.closed).toMatchObject({ code: 1008 })
    expect(await closed.promise).toMatchObject({
      code: 'EPROTO',
      message: 'the peer exceeded RATE_LIMIT_MESSAGES (261)',
    })
    expect(messages).toBe(3)
  })
})

test('more bytes than RATE_LIMIT_BYTES end a connection with 1008', async () => {
  await using kernel = await wsKernel()
  const { url } = await serving(
    kernel,
    echoing(() => kernel),
    [[RATE_LIMIT_BYTES, { rate: 0.001, burst: 100 }]],
  )
  await using client = await peer(url)
  client.socket.send('x'.repeat(100))
  expect(await client.inbox.next()).toHaveLength(100)
  client.socket.send('x')
  expect(await client.closed).toMatchObject({ code: 1008 })
})

test('an address that connects too often gets 429 and is told when to come back', async () => {
  await using kernel = await wsKernel()
  const { url, server } = await serving(kernel, {}, [[RATE_LIMIT_CONNECTIONS, { rate: 0.1, burst: 2 }]])
  await using _one = await peer(url)
  await using _two = await peer(url)
  const { status, headers } = await refusedWith(url)
  expect([status, headers['retry-after']]).toEqual([429, '10'])
  await kernel.setOption(server, RATE_LIMIT_CONNECTIONS, 5)
  await using _three = await peer(url)
})

test('keys tried again and again shut their address out, however good the next one is', async () => {
  await using kernel = await wsKernel()
  const { url } = await serving(kernel, {}, [
    [WS_AUTH, { keys: ['right'] }],
    [RATE_LIMIT_BAN, { after: 3, seconds: 100 }],
  ])
  const shown = (key: string) => ({ headers: { Authorization: `Key ${key}` } })
  await using _before = await peer(url, [], shown('right'))
  for (let i = 0; i < 3; i++) expect((await refusedWith(url, [], shown(`wrong ${i}`))).status).toBe(401)
  const { status, headers } = await refusedWith(url, [], shown('right'))
  expect([status, headers['retry-after']]).toEqual([429, '100'])
})

test.each(['thread', 'process'] as const)('with a keeper a ban outlives its %s worker', async isolation => {
  using launches = watchLaunches()
  await using kernel = await createKernel({
    plugins: [ws({ isolation, keeper: {} })],
    logger: memoryLogger(),
  })
  const { url, server } = await serving(kernel, {}, [
    [WS_AUTH, { keys: ['right'] }],
    [RATE_LIMIT_BAN, { after: 1, seconds: 1000 }],
  ])
  expect((await refusedWith(url)).status).toBe(401)
  expect((await refusedWith(url)).status).toBe(429)
  await launches.kill('worker')
  await until(() => kernel.metrics().workers.ws!.restarts === 1)
  await kernel.setOption(server, SO_MAX_CONNECTIONS, 10)
  const { status, headers } = await refusedWith(url, [], { headers: { Authorization: 'Key right' } })
  expect(status).toBe(429)
  expect(Number(headers['retry-after'])).toBeGreaterThan(900)
})

test('a ban follows messages that come too fast', async () => {
  await using kernel = await wsKernel()
  const { url } = await serving(kernel, {}, [
    [RATE_LIMIT_MESSAGES, { rate: 0.001, burst: 1 }],
    [RATE_LIMIT_BAN, { after: 1, seconds: 50 }],
  ])
  await using client = await peer(url)
  client.socket.send('x')
  client.socket.send('x')
  await client.closed
  expect((await refusedWith(url)).headers['retry-after']).toBe('50')
})

test('WS_MAX_MESSAGE_SIZE bounds a message, in one frame or in many, and closes with 1009', async () => {
  await using kernel = await wsKernel()
  const errors: unknown[] = []
  const { url, port } = await serving(
    kernel,
    echoing(() => kernel, { close: (_fd, error) => void errors.push(error) }),
    [[WS_MAX_MESSAGE_SIZE, 10]],
  )
  await using client = await peer(url)
  client.socket.send('0123456789')
  expect(await client.inbox.next()).toBe('0123456789')
  client.socket.send('0123456789a')
  expect(await client.closed).toMatchObject({ code: 1009 })
  using announced = await RawPeer.open(port)
  announced.send(frame(TEXT, '', { length: 2 ** 40, lengthBytes: 8 }))
  expect(await announced.closeCode()).toBe(1009)
  using pieces = await RawPeer.open(port)
  pieces.send(frame(TEXT, '012345', { fin: false })).send(frame(0, '678901'))
  expect(await pieces.closeCode()).toBe(1009)
  expect(errors[0]).toMatchObject({ code: 'EPROTO', category: 'protocol' })
})

test('a megabyte is the most a message may have by default', async () => {
  await using kernel = await wsKernel()
  const { url } = await serving(
    kernel,
    echoing(() => kernel),
  )
  await using client = await peer(url)
  client.socket.send(Buffer.alloc(2 ** 20))
  expect(await client.inbox.next()).toHaveLength(2 ** 20)
  client.socket.send(Buffer.alloc(2 ** 20 + 1))
  expect(await client.closed).toMatchObject({ code: 1009 })
})

test.each([
  [WS_MAX_MESSAGE_SIZE, 0],
  [WS_MAX_MESSAGE_SIZE, 2 ** 31],
  [RATE_LIMIT_MESSAGES, 0],
  [RATE_LIMIT_MESSAGES, { burst: 3 }],
  [RATE_LIMIT_CONNECTIONS, { rate: 1, burst: 0 }],
  [RATE_LIMIT_BAN, { after: 0 }],
  [SO_MAX_CONNECTIONS, -1],
])('option %i refuses %j', async (option, value) => {
  await using kernel = await wsKernel()
  const { server } = await serving(kernel, {})
  await expect(kernel.setOption(server, option as never, value as never)).rejects.toMatchObject({
    code: 'EINVAL',
  })
})
