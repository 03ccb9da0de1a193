/** Messages that outlive their worker and their program. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKernel, SO_LINGER } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { SABOTEUR, saboteur } from '../../../test/fixtures/saboteur/index.ts'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { MQTT_CLEAN_SESSION, MQTT_CLIENT_ID, MQTT_RECONNECT, MQTT_STORE, mqtt } from '../src/index.ts'
import { client, mqttKernel, type OptionRow, until } from './support/kernel.ts'
import { ScriptedBroker } from './support/scripted-broker.ts'

const SOON: OptionRow = [MQTT_RECONNECT, { min: 0.001, max: 0.01 }]
const HASTY: OptionRow = [SO_LINGER, 0]
const session: OptionRow[] = [
  [MQTT_CLIENT_ID, 'c'],
  [MQTT_CLEAN_SESSION, false],
]

async function fragileKernel() {
  const settings = { worker: 'mqtt', isolation: 'thread' } as const
  return createKernel({ plugins: [mqtt(settings), saboteur(settings)], logger: memoryLogger() })
}

async function crash(kernel: Awaited<ReturnType<typeof fragileKernel>>): Promise<void> {
  const { restarts } = kernel.metrics().workers.mqtt!
  kernel.write(kernel.create(SABOTEUR, {}) as any, 'crash')
  await until(() => kernel.metrics().workers.mqtt!.restarts > restarts)
}

function textsOf(packets: readonly { payload: Buffer }[]): string[] {
  return packets.map(({ payload }) => payload.toString())
}

describe('a worker that is restarted', () => {
  test('has the same client, its subscriptions, and the messages that were written', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await fragileKernel()
    const connecting = client(kernel, broker.url, [SOON, HASTY])
    const first = await broker.sessions.next()
    const { clientId } = await first.greet()
    const { fd, opened } = await connecting
    const subscribing = kernel.request(fd, { subscribe: 'a', qos: 1 })
    const { messageId } = await first.next('subscribe')
    first.send({ cmd: 'suback', messageId, granted: [1] })
    await subscribing
    kernel.write(fd, { topic: 't', payload: '1', qos: 1 })
    kernel.write(fd, { topic: 't', payload: '2', qos: 1 })
    await kernel.request(fd, { topic: 't', payload: '3', qos: 1, acknowledge: 'store' })
    await crash(kernel)
    kernel.write(fd, { topic: 't', payload: '4', qos: 1 })
    const second = await broker.sessions.next()
    expect((await second.greet()).clientId).toBe(clientId)
    await opened.next()
    const packets = [await second.packets.next()]
    expect(packets[0]).toMatchObject({ cmd: 'subscribe', subscriptions: [{ topic: 'a', qos: 1 }] })
    const texts = []
    for (let i = 0; i < 4; i++) texts.push(await second.next('publish'))
    expect(textsOf(texts)).toEqual(['1', '2', '3', '4'])
  })

  test('connects again to a broker that is there later only', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await fragileKernel()
    const connecting = client(kernel, broker.url, [SOON, HASTY])
    await broker.session()
    const { fd, opened, errors } = await connecting
    kernel.write(fd, { topic: 't', payload: 'kept', qos: 1 })
    await crash(kernel)
    const refused = await broker.sessions.next()
    refused.socket.destroy()
    expect(await errors.next()).toMatchObject({ code: 'ECONNRESET' })
    const later = await broker.session()
    await opened.next()
    expect(textsOf([await later.next('publish')])).toEqual(['kept'])
  })

  test('goes on with a message of QoS 2 where it was, and does not repeat one that is done', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await fragileKernel()
    const connecting = client(kernel, broker.url, [SOON, HASTY, ...session])
    const first = await broker.session()
    const { fd } = await connecting
    const ids: number[] = []
    for (const payload of ['done', 'released', 'sent']) kernel.write(fd, { topic: 't', payload, qos: 2 })
    for (let i = 0; i < 3; i++) ids.push((await first.next('publish')).messageId)
    for (const messageId of ids.slice(0, 2)) {
      first.send({ cmd: 'pubrec', messageId })
      await first.next('pubrel')
    }
    first.send({ cmd: 'pubcomp', messageId: ids[0] })
    // An answer behind it: the first is done with.
    await kernel.request(fd, { topic: 'other', qos: 2, acknowledge: 'store' })
    await first.next('publish')
    await crash(kernel)
    const second = await broker.session({ sessionPresent: true })
    expect(await second.packets.next()).toMatchObject({ cmd: 'pubrel', messageId: ids[1] })
    second.send({ cmd: 'pubcomp', messageId: ids[1] })
    expect(await second.packets.next()).toMatchObject({ cmd: 'publish', messageId: ids[2], dup: true })
  })

  test('has those wait who write meanwhile, and says when they may go on', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await fragileKernel()
    const connecting = client(kernel, broker.url, [SOON, HASTY])
    await broker.session()
    const { fd } = await connecting
    const drained = Promise.withResolvers<void>()
    kernel.attach(fd, { drain: () => drained.resolve() })
    kernel.write(kernel.create(SABOTEUR, {}) as any, 'crash')
    const write = (i: number): boolean => kernel.write(fd, { topic: 't', payload: String(i), qos: 1 })
    let count = 0
    while (write(count++)) await new Promise(resolve => setImmediate(resolve))
    await drained.promise
    write(count++)
    const second = await broker.session()
    for (let i = 0; i < count; i++) {
      const packet = await second.next('publish')
      expect(textsOf([packet])).toEqual([String(i)])
      second.send({ cmd: 'puback', messageId: packet.messageId })
    }
  })

  test('without a way back ends the client', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await fragileKernel()
    const connecting = client(kernel, broker.url, [[MQTT_RECONNECT, false]])
    await broker.session()
    const { closed } = await connecting
    await crash(kernel)
    expect(await closed).toMatchObject({ code: 'EPLUGIN' })
  })
})

test('without a keeper what is not acknowledged comes from the program once more', async () => {
  await using broker = await ScriptedBroker.start()
  const settings = { worker: 'mqtt', isolation: 'thread' } as const
  await using kernel = await createKernel({
    plugins: [mqtt({ ...settings, keeper: false }), saboteur(settings)],
    logger: memoryLogger(),
  })
  const connecting = client(kernel, broker.url, [SOON, HASTY])
  const first = await broker.session()
  const { fd } = await connecting
  await expect(kernel.request(fd, { topic: 't', qos: 1, acknowledge: 'store' })).rejects.toMatchObject({
    code: 'ENOTSUP',
  })
  for (const payload of ['1', '2']) kernel.write(fd, { topic: 't', payload, qos: 1 })
  await first.next('publish')
  await first.next('publish')
  await crash(kernel)
  kernel.write(fd, { topic: 't', payload: '3', qos: 1 })
  const second = await broker.session()
  const packets = [await second.next('publish'), await second.next('publish'), await second.next('publish')]
  expect(textsOf(packets)).toEqual(['1', '2', '3'])
})

describe('messages on disk', () => {
  test('are sent by the next program, and nobody else may use them', async () => {
    const path = mkdtempSync(join(tmpdir(), 'unisock-mqtt-'))
    const rows: OptionRow[] = [SOON, HASTY, [MQTT_STORE, { path }], ...session]
    try {
      await using broker = await ScriptedBroker.start()
      {
        await using kernel = await mqttKernel('thread')
        const connecting = client(kernel, broker.url, rows)
        await broker.session()
        const { fd } = await connecting
        for (const payload of ['1', Buffer.from('2')])
          expect(await kernel.request(fd, { topic: 't', payload, qos: 1, acknowledge: 'store' })).toEqual({
            acknowledged: 'store',
          })
        await expect(client(kernel, broker.url, rows)).rejects.toMatchObject({
          code: 'EADDRINUSE',
          message: expect.stringContaining('MQTT_STORE (161)'),
        })
      }
      await using kernel = await mqttKernel('thread')
      const connecting = client(kernel, broker.url, rows)
      const next = await broker.session()
      const { fd } = await connecting
      kernel.write(fd, { topic: 't', payload: '3', qos: 1 })
      const packets = [await next.next('publish'), await next.next('publish'), await next.next('publish')]
      expect(textsOf(packets)).toEqual(['1', '2', '3'])
    } finally {
      rmSync(path, { recursive: true })
    }
  })

  test('go on after a crash of the worker', async () => {
    const path = mkdtempSync(join(tmpdir(), 'unisock-mqtt-'))
    try {
      await using broker = await ScriptedBroker.start()
      await using kernel = await fragileKernel()
      const connecting = client(kernel, broker.url, [SOON, HASTY, [MQTT_STORE, { path }]])
      await broker.session()
      const { fd } = await connecting
      await kernel.request(fd, { topic: 't', payload: '1', qos: 1, acknowledge: 'store' })
      await crash(kernel)
      kernel.write(fd, { topic: 't', payload: '2', qos: 1 })
      const second = await broker.session()
      expect(textsOf([await second.next('publish'), await second.next('publish')])).toEqual(['1', '2'])
    } finally {
      rmSync(path, { recursive: true })
    }
  })
})
