/** Clients and the embedded broker together: what is written is what comes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MQTT_MODE } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import {
  MQTT_BROKER,
  MQTT_CLIENT,
  MQTT_CLIENT_ID,
  MQTT_PAYLOAD_FORMAT,
  MQTT_QOS,
  MQTT_RETAIN,
  MQTT_SESSION,
} from '../src/index.ts'
import { client, ISOLATIONS, mqttKernel, serving, subscriber } from './support/kernel.ts'

describe.each(ISOLATIONS)('over %s', isolation => {
  test('messages of every QoS come with topic, payload, qos and flags', async () => {
    await using kernel = await mqttKernel(isolation)
    const { url } = await serving(kernel)
    const reader = await subscriber(kernel, url, 'mud/#')
    const writer = await client(kernel, url)
    for (const qos of [0, 1, 2] as const) {
      kernel.write(writer.fd, { topic: 'mud/players/login', payload: `qos ${qos}`, qos })
      const { payload, packet_id, ...rest } = await reader.messages.next()
      expect(payload).toEqual(Buffer.from(`qos ${qos}`))
      expect(packet_id > 0).toBe(qos > 0)
      expect(rest).toEqual({
        topic: 'mud/players/login',
        qos,
        retain: false,
        retain_flag: false,
        dup: false,
        properties: {},
      })
    }
  })

  test('a request resolves when the broker, or the store, has the message', async () => {
    await using kernel = await mqttKernel(isolation)
    const { url } = await serving(kernel)
    const reader = await subscriber(kernel, url, 't')
    const { fd } = await client(kernel, url)
    const acknowledged = async (message: object) =>
      (await kernel.request(fd, { topic: 't', ...message })).acknowledged
    expect(await acknowledged({ qos: 1 })).toBe('broker')
    expect(await acknowledged({ qos: 2 })).toBe('broker')
    expect(await acknowledged({ qos: 2, acknowledge: 'store' })).toBe('store')
    expect(await acknowledged({ qos: 0 })).toBe(null)
    const seen: number[] = []
    for (let i = 0; i < 4; i++) seen.push((await reader.messages.next()).qos)
    expect(seen.sort()).toEqual([0, 1, 2, 2])
  })

  test('what one ceases to subscribe to comes no more', async () => {
    await using kernel = await mqttKernel(isolation)
    const { url } = await serving(kernel)
    const reader = await client(kernel, url)
    expect(
      await kernel.request(reader.fd, { subscribe: ['a/+', { topic: 'b', qos: 1 }, 'c'], qos: 2 }),
    ).toEqual({
      acknowledged: 'broker',
      granted: [
        { topic: 'a/+', qos: 2 },
        { topic: 'b', qos: 1 },
        { topic: 'c', qos: 2 },
      ],
    })
    await kernel.request(reader.fd, { unsubscribe: ['a/+', 'c'] })
    const { fd } = await client(kernel, url)
    for (const topic of ['a/1', 'c', 'b']) await kernel.request(fd, { topic, payload: topic, qos: 1 })
    expect((await reader.messages.next()).topic).toBe('b')
    expect(reader.messages.size).toBe(0)
  })

  test('a client is told where it is connected, and says what was agreed on', async () => {
    await using kernel = await mqttKernel(isolation)
    const { url, addr } = await serving(kernel)
    const fd = kernel.create(MQTT_CLIENT, {})
    await kernel.setOption(fd, MQTT_CLIENT_ID, 'door')
    expect(await kernel.connect(fd, url)).toEqual(addr)
    expect(kernel.getOption(fd, MQTT_MODE)).toBe(1)
    expect(await kernel.query(fd, MQTT_SESSION)).toEqual({
      client_id: 'door',
      version: '3.1.1',
      clean: true,
      session_present: false,
      properties: { userProperties: {} },
    })
  })
})

test('a client connects by URL, host, host and port, port, path and MQTT_BROKER', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'unisock-mqtt-'))
  try {
    await using kernel = await mqttKernel()
    const { port } = await serving(kernel)
    const path = join(directory, 'socket')
    await serving(kernel, {}, [], { path })
    const broker = `mqtt://user:secret@127.0.0.1:${port}`
    for (const [to, url] of [
      [broker],
      [`tcp://localhost:${port}`],
      [`localhost:${port}`],
      [{ host: '127.0.0.1', port }],
      [port],
      [path],
      [{ path }],
      ['', broker],
      [undefined, broker],
      ['localhost', broker],
      [`127.0.0.1:${port}`, 'mqtt://nowhere.invalid:1'],
      [`ws://127.0.0.1:${port}/mqtt`],
    ] as const) {
      const { fd } = await client(kernel, to, url === undefined ? [] : [[MQTT_BROKER, url]])
      expect(await kernel.request(fd, { topic: 't', qos: 1 })).toEqual({ acknowledged: 'broker' })
      await kernel.close(fd)
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('what names no broker is refused', async () => {
  await using kernel = await mqttKernel()
  for (const [to, message] of [
    ['', 'MQTT_BROKER (130)'],
    [undefined, 'MQTT_BROKER (130)'],
    ['http://127.0.0.1', 'http:'],
    ['mqtt://', 'no host'],
    ['a b', 'neither'],
  ] as const)
    await expect(client(kernel, to)).rejects.toMatchObject({
      code: 'EBADADDR',
      message: expect.stringContaining(message),
    })
})

test('options say what messages and subscriptions do not', async () => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel)
  const { fd } = await client(kernel, url, [
    [MQTT_QOS, 1],
    [MQTT_RETAIN, true],
  ])
  await kernel.request(fd, { topic: 'kept', payload: 'old' })
  expect((await kernel.request(fd, { subscribe: 'x' })).granted).toEqual([{ topic: 'x', qos: 1 }])
  const reader = await subscriber(kernel, url, 'kept')
  expect(await reader.messages.next()).toMatchObject({ qos: 1, retain: true, retain_flag: true })
  kernel.write(fd, { topic: 'kept', payload: 'new', retain: false })
  expect(await reader.messages.next()).toMatchObject({ qos: 1, retain: false, retain_flag: false })
})

test('payloads come as bytes, text or what they are in JSON', async () => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel)
  const { fd } = await client(kernel, url)
  const readers = await Promise.all(
    (['buffer', 'text', 'json'] as const).map(format =>
      subscriber(kernel, url, 't', [[MQTT_PAYLOAD_FORMAT, format]]),
    ),
  )
  const came = async (payload: unknown) => {
    kernel.write(fd, { topic: 't', payload, qos: 1 })
    return Promise.all(readers.map(async ({ messages }) => (await messages.next()).payload))
  }
  expect(await came({ hp: 7 })).toEqual([Buffer.from('{"hp":7}'), '{"hp":7}', { hp: 7 }])
  expect(await came('Grüße')).toEqual([Buffer.from('Grüße'), 'Grüße', 'Grüße'])
  expect(await came(Uint8Array.of(0x37))).toEqual([Buffer.from('7'), '7', 7])
  expect(await came('')).toEqual([Buffer.alloc(0), '', ''])
})

test('large payloads come whole', async () => {
  await using kernel = await mqttKernel('thread')
  const { url } = await serving(kernel)
  const reader = await subscriber(kernel, url, 't')
  const { fd } = await client(kernel, url)
  for (const [qos, payload] of [
    [0, Buffer.alloc(400_000, 'abc')],
    [1, 'ü'.repeat(300_000)],
    [2, Buffer.alloc(20_000, 7)],
  ] as const) {
    kernel.write(fd, { topic: 't', payload, qos })
    expect((await reader.messages.next()).payload.equals(Buffer.from(payload as string))).toBe(true)
  }
})

test('messages of one QoS keep their order, whatever else is written', async () => {
  await using kernel = await mqttKernel('thread')
  const { url } = await serving(kernel)
  const reader = await subscriber(kernel, url, 't/#')
  const { fd } = await client(kernel, url)
  const count = 300
  for (let i = 0; i < count; i++)
    kernel.write(fd, { topic: `t/${i % 3}`, payload: String(i), qos: (i % 3) as 0 })
  const seen: number[][] = [[], [], []]
  for (let i = 0; i < count; i++) {
    const { topic, payload } = await reader.messages.next()
    seen[Number(topic.at(-1))]!.push(Number(payload))
  }
  for (const [qos, numbers] of seen.entries())
    expect(numbers).toEqual(Array.from({ length: count / 3 }, (_, i) => 3 * i + qos))
})
