/** Brokers that refuse, vanish, fall silent and talk nonsense. */
import { SO_LINGER } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import {
  MQTT_CLEAN_SESSION,
  MQTT_CLIENT_ID,
  MQTT_KEEP_ALIVE,
  MQTT_MAX_PACKET_SIZE,
  MQTT_RECONNECT,
  MQTT_STORE,
  MQTT_VERSION,
} from '../src/index.ts'
import { client, mqttKernel, type OptionRow } from './support/kernel.ts'
import { ScriptedBroker } from './support/scripted-broker.ts'

const ONCE: OptionRow = [MQTT_RECONNECT, false]
const SOON: OptionRow = [MQTT_RECONNECT, { min: 0.001, max: 0.01 }]
const FIVE: OptionRow = [MQTT_VERSION, '5']
/** Does not wait for a broker that will not acknowledge. */
const HASTY: OptionRow = [SO_LINGER, 0]

describe('a broker that refuses the client', () => {
  test.each([
    [1, 'ENOTSUP'],
    [2, 'EINVAL'],
    [3, 'ECONNREFUSED'],
    [4, 'EACCES'],
    [5, 'EACCES'],
  ])('with return code %i fails the connect with %s', async (returnCode, code) => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const refused = expect(client(kernel, broker.url)).rejects.toMatchObject({
      code,
      details: { reason_code: returnCode },
    })
    await (await broker.sessions.next()).greet({ returnCode })
    await refused
  })

  test('for good when it comes back ends the fd, and for now has it try again', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [SOON])
    const first = await broker.session()
    const { errors, closed } = await connecting
    first.socket.destroy()
    expect(await errors.next()).toMatchObject({ code: 'ECONNRESET' })
    await broker.session({ returnCode: 3 })
    expect(await errors.next()).toMatchObject({ code: 'ECONNREFUSED' })
    await broker.session({ returnCode: 5 })
    expect(await closed).toMatchObject({ code: 'EACCES', details: { reason_code: 5 } })
  })
})

describe.each([
  ['vanishes', (socket: any) => socket.resetAndDestroy(), 'ECONNRESET'],
  ['closes', (socket: any) => socket.destroy(), 'ECONNRESET'],
  ['half-closes', (socket: any) => socket.end(), 'ECONNRESET'],
  ['sends a reserved packet type', (socket: any) => socket.write(Buffer.of(0, 0)), 'EPROTO'],
  ['sends reserved flags', (socket: any) => socket.write(Buffer.of(0x41, 2, 0, 1)), 'EPROTO'],
  ['sends a length without end', (socket: any) => socket.write(Buffer.alloc(6, 0xff)), 'EPROTO'],
  ['sends QoS 3', (socket: any) => socket.write(Buffer.of(0x36, 5, 0, 1, 0x61, 0, 1)), 'EPROTO'],
  ['sends a publish that is cut short', (socket: any) => socket.write(Buffer.of(0x30, 1, 0)), 'EPROTO'],
  ['sends a second CONNACK', (socket: any) => socket.write(Buffer.of(0x20, 2, 0, 0)), 'EPROTO'],
  ['sends too large a packet', (socket: any) => socket.write(Buffer.of(0x30, 0xff, 0xff, 0x7f)), 'EPROTO'],
] as const)('a broker that %s', (_title, act, code) => {
  test('ends a client that does not come back', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [ONCE, [MQTT_MAX_PACKET_SIZE, 1000]])
    const session = await broker.session()
    const { closed } = await connecting
    act(session.socket)
    expect(await closed).toMatchObject({ code })
    await session.closed
  })

  test('is left by one that does, which then goes on', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [SOON, [MQTT_MAX_PACKET_SIZE, 1000]])
    const session = await broker.session()
    const { fd, errors, opened } = await connecting
    act(session.socket)
    expect(await errors.next()).toMatchObject({ code })
    const next = await broker.session()
    await opened.next()
    kernel.write(fd, { topic: 't', payload: 'x' })
    expect((await next.next('publish')).payload.toString()).toBe('x')
  })
})

test.each([
  ['closes before it answers', (socket: any) => socket.destroy(), 'ECONNRESET'],
  [
    'answers with what is no MQTT',
    (socket: any) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
    'EPROTO',
  ],
  ['answers with another packet', (socket: any) => socket.end(Buffer.of(0xd0, 0)), 'ECONNRESET'],
] as const)('a broker that %s fails the connect', async (_title, act, code) => {
  await using broker = await ScriptedBroker.start()
  await using kernel = await mqttKernel()
  const refused = expect(client(kernel, broker.url)).rejects.toMatchObject({ code })
  const session = await broker.sessions.next()
  await session.next('connect')
  act(session.socket)
  await refused
})

test('a broker that does not answer pings is given up', async () => {
  await using broker = await ScriptedBroker.start()
  await using kernel = await mqttKernel()
  const connecting = client(kernel, broker.url, [ONCE, [MQTT_KEEP_ALIVE, 1]])
  const session = await broker.session()
  const { closed } = await connecting
  await session.next('pingreq')
  expect(await closed).toMatchObject({ code: 'ETIMEDOUT' })
})

test('where nobody listens the connect fails', async () => {
  const broker = await ScriptedBroker.start()
  const { url } = broker
  await broker[Symbol.asyncDispose]()
  await using kernel = await mqttKernel()
  await expect(client(kernel, url)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('after so many failures in a row the client ends', async () => {
  const broker = await ScriptedBroker.start()
  await using kernel = await mqttKernel()
  const connecting = client(kernel, broker.url, [[MQTT_RECONNECT, { min: 0.001, max: 0.002, tries: 3 }]])
  await broker.session()
  const { errors, closed } = await connecting
  await broker[Symbol.asyncDispose]()
  expect(await closed).toMatchObject({ code: 'ECONNREFUSED' })
  expect(errors.size).toBe(3)
})

describe('messages that the broker has not acknowledged', () => {
  test('are sent again, with their identifiers where it kept the session', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [SOON, [MQTT_CLIENT_ID, 'c'], [MQTT_CLEAN_SESSION, false]])
    const first = await broker.session()
    const { fd } = await connecting
    const outcome = kernel.request(fd, { topic: 't', payload: '1', qos: 1 })
    const sent = await first.next('publish')
    expect(sent).toMatchObject({ qos: 1, dup: false })
    first.socket.destroy()
    const second = await broker.session({ sessionPresent: true })
    expect(await second.next('publish')).toMatchObject({ messageId: sent.messageId, dup: true })
    second.socket.destroy()
    const third = await broker.session()
    const last = await third.next('publish')
    expect(last.dup).toBe(false)
    third.send({ cmd: 'puback', messageId: last.messageId })
    expect(await outcome).toEqual({ acknowledged: 'broker' })
  })

  test('of QoS 2 are not sent again once the broker has received them', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [SOON, [MQTT_CLIENT_ID, 'c'], [MQTT_CLEAN_SESSION, false]])
    const first = await broker.session()
    const { fd } = await connecting
    const outcome = kernel.request(fd, { topic: 't', payload: '1', qos: 2 })
    const { messageId } = await first.next('publish')
    first.send({ cmd: 'pubrec', messageId })
    await first.next('pubrel')
    first.socket.destroy()
    const second = await broker.session({ sessionPresent: true })
    expect(await second.packets.next()).toMatchObject({ cmd: 'pubrel', messageId })
    second.send({ cmd: 'pubcomp', messageId })
    expect(await outcome).toEqual({ acknowledged: 'broker' })
  })

  test('are refused when there is no room for more, and the error says which', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [SOON, HASTY, [MQTT_STORE, { maxMessages: 3 }]])
    const session = await broker.session()
    const { fd, errors } = await connecting
    const first = kernel.request(fd, { topic: 't/1', qos: 1 })
    for (let i = 2; i <= 4; i++) kernel.write(fd, { topic: `t/${i}`, qos: 1 })
    expect(await errors.next()).toMatchObject({
      code: 'ENOSPC',
      message: expect.stringContaining('MQTT_STORE (161)'),
      details: { topic: 't/4' },
    })
    await expect(kernel.request(fd, { topic: 't/5', qos: 1 })).rejects.toMatchObject({ code: 'ENOSPC' })
    const { messageId } = await session.next('publish')
    session.send({ cmd: 'puback', messageId })
    await first
    for (let i = 2; i <= 3; i++) expect((await session.next('publish')).topic).toBe(`t/${i}`)
    const outcome = kernel.request(fd, { topic: 't/6', qos: 1 })
    const again = await session.next('publish')
    expect(again.topic).toBe('t/6')
    session.send({ cmd: 'puback', messageId: again.messageId })
    await outcome
  })

  test('larger than all the room are refused', async () => {
    await using broker = await ScriptedBroker.start()
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [[MQTT_STORE, { maxBytes: 100 }]])
    await broker.session()
    const { fd } = await connecting
    const payload = 'x'.repeat(100)
    await expect(kernel.request(fd, { topic: 't', payload, qos: 1 })).rejects.toMatchObject({
      code: 'ENOSPC',
    })
  })
})

test('what is of QoS 0 without a connection is refused, what is of QoS 1 waits', async () => {
  await using broker = await ScriptedBroker.start()
  await using kernel = await mqttKernel()
  const connecting = client(kernel, broker.url, [HASTY, [MQTT_RECONNECT, { min: 0.05, max: 0.1 }]])
  const first = await broker.session()
  const { fd, errors } = await connecting
  first.socket.destroy()
  expect(await errors.next()).toMatchObject({ code: 'ECONNRESET' })
  kernel.write(fd, { topic: 'now', qos: 0 })
  kernel.write(fd, { topic: 'later', qos: 1 })
  expect(await errors.next()).toMatchObject({ code: 'ENOTCONN' })
  const second = await broker.session()
  expect(await second.next('publish')).toMatchObject({ topic: 'later', qos: 1 })
})

test('subscriptions are made again unless the broker kept them', async () => {
  await using broker = await ScriptedBroker.start()
  await using kernel = await mqttKernel()
  const connecting = client(kernel, broker.url, [SOON, [MQTT_CLIENT_ID, 'c'], [MQTT_CLEAN_SESSION, false]])
  const first = await broker.session()
  const { fd } = await connecting
  const outcome = kernel.request(fd, { subscribe: ['a', 'b', 'c'], qos: 1 })
  const { messageId } = await first.next('subscribe')
  first.send({ cmd: 'suback', messageId, granted: [1, 0x80, 1] })
  await expect(outcome).rejects.toMatchObject({ code: 'EACCES', details: { topic: 'b' } })
  first.socket.destroy()
  const second = await broker.session({ sessionPresent: true })
  const more = kernel.request(fd, { subscribe: 'd' })
  const subscribe = await second.next('subscribe')
  expect(subscribe.subscriptions.map(({ topic }: any) => topic)).toEqual(['d'])
  second.socket.destroy()
  const third = await broker.session()
  const again = await third.next('subscribe')
  expect(again.subscriptions.map(({ topic, qos }: any) => [topic, qos])).toEqual([
    ['a', 1],
    ['c', 1],
    ['d', 0],
  ])
  third.send({ cmd: 'suback', messageId: again.messageId, granted: [1, 1, 0] })
  expect(await more).toEqual({ acknowledged: 'broker', granted: [{ topic: 'd', qos: 0 }] })
})

describe('in MQTT 5', () => {
  test('a broker that says goodbye says why', async () => {
    await using broker = await ScriptedBroker.start(5)
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [ONCE, FIVE])
    const session = await broker.session()
    const { closed } = await connecting
    session.send({ cmd: 'disconnect', reasonCode: 0x8b, properties: { reasonString: 'lunch' } })
    expect(await closed).toMatchObject({
      code: 'ECONNRESET',
      message: 'the broker disconnected: lunch',
      details: { reason_code: 0x8b },
    })
  })

  test('what the broker has said it does not take is refused', async () => {
    await using broker = await ScriptedBroker.start(5)
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [FIVE])
    await broker.session({ properties: { maximumQoS: 1, retainAvailable: false, maximumPacketSize: 200 } })
    const { fd } = await connecting
    const refused = (message: object) =>
      expect(kernel.request(fd, { topic: 't', qos: 1, ...message })).rejects
    await refused({ qos: 2 }).toMatchObject({ code: 'ENOTSUP' })
    await refused({ retain: true }).toMatchObject({ code: 'ENOTSUP' })
    await refused({ payload: 'x'.repeat(200) }).toMatchObject({ code: 'EMSGSIZE' })
    await refused({ qos: 0, payload: 'x'.repeat(200) }).toMatchObject({ code: 'EMSGSIZE' })
  })

  test('no more messages are on their way than the broker takes', async () => {
    await using broker = await ScriptedBroker.start(5)
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [FIVE, HASTY])
    const session = await broker.session({ properties: { receiveMaximum: 2 } })
    const { fd } = await connecting
    const outcomes = [1, 2, 3].map(i => kernel.request(fd, { topic: `t/${i}`, qos: 1 }))
    const first = await session.next('publish')
    expect((await session.next('publish')).topic).toBe('t/2')
    // An exchange later there still is no third.
    kernel.write(fd, { topic: 'other' })
    expect((await session.next('publish')).topic).toBe('other')
    session.send({ cmd: 'puback', messageId: first.messageId })
    await outcomes[0]
    expect((await session.next('publish')).topic).toBe('t/3')
  })

  test('a message that the broker does not take fails with its reason', async () => {
    await using broker = await ScriptedBroker.start(5)
    await using kernel = await mqttKernel()
    const connecting = client(kernel, broker.url, [FIVE])
    const session = await broker.session()
    const { fd, errors } = await connecting
    for (const ask of [
      () => kernel.request(fd, { topic: 't', qos: 1 }),
      () => void kernel.write(fd, { topic: 't', qos: 1 }),
    ]) {
      const outcome = ask()
      const { messageId } = await session.next('publish')
      const error = { code: 'ENOSPC', details: { reason_code: 0x97, topic: 't' } }
      const refused = outcome && expect(outcome).rejects.toMatchObject(error)
      session.send({ cmd: 'puback', messageId, reasonCode: 0x97 })
      if (refused) await refused
      else expect(await errors.next()).toMatchObject(error)
    }
  })
})
