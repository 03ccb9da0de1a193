/** The embedded broker: who may do what, what it keeps, and what the program sees of it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SO_MAX_CONNECTIONS, TLS_CA, TLS_CERTIFICATE, TLS_PRIVATE_KEY } from '@unisock/kernel'
import mqttJs from 'mqtt'
import { describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { Authority } from '../../../test/support/certificates.ts'
import {
  MQTT_ACL,
  MQTT_AUTH,
  MQTT_CLEAN_SESSION,
  MQTT_CLIENT_ID,
  MQTT_OBSERVE,
  MQTT_ORIGIN,
  MQTT_PASSWORD,
  MQTT_PAYLOAD_FORMAT,
  MQTT_PERSISTENCE,
  MQTT_PUBLISH,
  MQTT_RECONNECT,
  MQTT_SESSION,
  MQTT_USERNAME,
  MQTT_WILL_MESSAGE,
  MQTT_WILL_QOS,
  MQTT_WILL_TOPIC,
  type MqttAcl,
  type MqttAuth,
  type MqttEvent,
} from '../src/index.ts'
import {
  client,
  Inbox,
  ISOLATIONS,
  mqttKernel,
  type OptionRow,
  serving,
  subscriber,
  until,
} from './support/kernel.ts'

const login = (name: string, password: string): OptionRow[] => [
  [MQTT_USERNAME, name],
  [MQTT_PASSWORD, password],
]
const ONCE: OptionRow = [MQTT_RECONNECT, false]

describe.each(ISOLATIONS)('over %s', isolation => {
  test('passwords, and a function of the program, say who may connect', async () => {
    await using kernel = await mqttKernel(isolation)
    const asked: unknown[] = []
    const auth: MqttAuth = {
      users: { ann: 'secret' },
      handler: async ({ client_id, username, password, addr }) => {
        asked.push([client_id, username, password?.toString(), addr.address])
        if (username === 'broken') throw new Error('cannot say')
        return password?.toString() === 'sesame'
      },
    }
    const errors = new Inbox<Error>()
    const { url } = await serving(kernel, { error: (_fd, error) => errors.put(error) }, [[MQTT_AUTH, auth]])
    await client(kernel, url, login('ann', 'secret'))
    expect(asked).toEqual([])
    await client(kernel, url, [...login('bob', 'sesame'), [MQTT_CLIENT_ID, 'b']])
    expect(asked).toEqual([['b', 'bob', 'sesame', '127.0.0.1']])
    for (const options of [login('bob', 'wrong'), login('ann', 'Secret'), login('broken', 'sesame'), []])
      await expect(client(kernel, url, options)).rejects.toMatchObject({
        code: 'EACCES',
        details: { reason_code: options.length > 0 ? 4 : 5 },
      })
    expect(await errors.next()).toMatchObject({ message: 'cannot say' })
  })

  test('rules, and a function of the program, say who may publish and subscribe to what', async () => {
    await using kernel = await mqttKernel(isolation)
    const acl: MqttAcl = {
      rules: [
        { topics: ['rooms/secret/#'], allow: false },
        { topics: ['rooms/#'], action: 'subscribe' },
        { topics: ['players/%u/#'] },
      ],
      handler: ({ action, topic, username }) =>
        action === 'publish' && topic === 'shout' && username === 'ann',
    }
    const { url } = await serving(kernel, {}, [
      [MQTT_AUTH, { users: { ann: 'a', bob: 'b' } }],
      [MQTT_ACL, acl],
    ])
    const ann = await client(kernel, url, [...login('ann', 'a'), ONCE])
    const subscribes = (subscribe: string) => kernel.request(ann.fd, { subscribe })
    for (const filter of ['rooms/1', 'rooms/1/+', 'players/ann/#']) await subscribes(filter)
    for (const filter of [
      'rooms/#',
      'rooms/+/x',
      'rooms/secret',
      '#',
      'players/bob/hp',
      'players/+/hp',
      'shout',
    ])
      await expect(subscribes(filter)).rejects.toMatchObject({ code: 'EACCES', details: { topic: filter } })
    const bob = await client(kernel, url, [...login('bob', 'b'), ONCE])
    await kernel.request(ann.fd, { topic: 'shout', qos: 1 })
    kernel.write(bob.fd, { topic: 'shout' })
    expect(await bob.closed).toMatchObject({ code: 'ECONNRESET' })
    kernel.write(ann.fd, { topic: 'rooms/1' })
    expect(await ann.closed).toMatchObject({ code: 'ECONNRESET' })
  })

  test('the program sees connections, and what it asked to see of them', async () => {
    await using kernel = await mqttKernel(isolation)
    const events = new Inbox<MqttEvent>()
    const opened = new Inbox<any>()
    const closed = new Inbox<unknown>()
    const { url } = await serving(
      kernel,
      {
        open: fd => opened.put(fd),
        message: (_fd, event) => events.put(event),
        close: (_fd, error) => closed.put(error),
      },
      [
        [MQTT_OBSERVE, { publish: ['seen/#'], subscriptions: true }],
        [MQTT_PAYLOAD_FORMAT, 'text'],
      ],
    )
    const { fd } = await client(kernel, url, [[MQTT_CLIENT_ID, 'lamp'], ...login('ann', 'x')])
    const connection = await opened.next()
    expect(await kernel.query(connection, MQTT_SESSION)).toEqual({
      client_id: 'lamp',
      version: '3.1.1',
      clean: true,
      username: 'ann',
    })
    await kernel.request(fd, { subscribe: ['a', 'b/+'], qos: 1 })
    await kernel.request(fd, { topic: 'unseen', qos: 1 })
    await kernel.request(fd, { topic: 'seen/1', payload: 'on', qos: 1, retain: true })
    await kernel.request(fd, { unsubscribe: 'a' })
    expect(await events.next()).toEqual({
      event: 'subscribe',
      subscriptions: [
        { topic: 'a', qos: 1 },
        { topic: 'b/+', qos: 1 },
      ],
    })
    expect(await events.next()).toMatchObject({
      event: 'publish',
      topic: 'seen/1',
      payload: 'on',
      retain: true,
    })
    expect(await events.next()).toEqual({ event: 'unsubscribe', topics: ['a'] })
    await kernel.close(fd)
    expect(await closed.next()).toBeUndefined()
  })

  test('the program publishes to subscribers, to one client, and shows a client out', async () => {
    await using kernel = await mqttKernel(isolation)
    const opened = new Inbox<any>()
    const { server, url } = await serving(kernel, { open: fd => opened.put(fd) })
    const reader = await subscriber(kernel, url, 'news', [ONCE])
    const connection = await opened.next()
    await kernel.setOption(server as any, MQTT_PUBLISH, { topic: 'news', payload: { a: 1 }, qos: 1 })
    expect(await reader.messages.next()).toMatchObject({
      topic: 'news',
      qos: 1,
      payload: Buffer.from('{"a":1}'),
    })
    kernel.write(connection, { topic: 'you/alone', payload: 'psst', qos: 1 })
    expect(await reader.messages.next()).toMatchObject({ topic: 'you/alone', payload: Buffer.from('psst') })
    await kernel.close(connection)
    expect(await reader.closed).toMatchObject({ code: 'ECONNRESET' })
    await expect(kernel.setOption(server as any, MQTT_PUBLISH, { topic: 'a/#' })).rejects.toMatchObject({
      code: 'EINVAL',
    })
  })
})

test('a will is published for a client that is lost, and not for one that says goodbye', async () => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel)
  const reader = await subscriber(kernel, url, 'will/#')
  const will = (name: string): OptionRow[] => [
    [MQTT_WILL_TOPIC, `will/${name}`],
    [MQTT_WILL_MESSAGE, `${name} is gone`],
    [MQTT_WILL_QOS, 1],
  ]
  const polite = await client(kernel, url, will('polite'))
  const rude = await client(kernel, url, will('rude'))
  await kernel.close(polite.fd)
  await kernel.close(rude.fd, { abort: true })
  expect(await reader.messages.next()).toMatchObject({
    topic: 'will/rude',
    payload: Buffer.from('rude is gone'),
    qos: 1,
  })
})

test('a session that is kept has what came meanwhile', async () => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel)
  const session: OptionRow[] = [
    [MQTT_CLIENT_ID, 'reader'],
    [MQTT_CLEAN_SESSION, false],
  ]
  const before = await subscriber(kernel, url, 't', session)
  await kernel.close(before.fd)
  const writer = await client(kernel, url)
  for (const payload of ['1', '2']) await kernel.request(writer.fd, { topic: 't', payload, qos: 1 })
  const after = await client(kernel, url, session)
  expect((await kernel.query(after.fd, MQTT_SESSION))!.session_present).toBe(true)
  expect(String((await after.messages.next()).payload)).toBe('1')
  expect(String((await after.messages.next()).payload)).toBe('2')
})

test('what is on disk is there in the next program, and nobody else may use it', async () => {
  const path = mkdtempSync(join(tmpdir(), 'unisock-mqtt-'))
  const rows: OptionRow[] = [[MQTT_PERSISTENCE, { path }]]
  try {
    {
      await using kernel = await mqttKernel('thread')
      const { url } = await serving(kernel, {}, rows)
      const { fd } = await client(kernel, url)
      await kernel.request(fd, { topic: 'motd', payload: 'welcome', retain: true, qos: 1 })
      await subscriber(kernel, url, 'missed', [
        [MQTT_CLIENT_ID, 'away'],
        [MQTT_CLEAN_SESSION, false],
      ]).then(away => kernel.close(away.fd))
      await kernel.request(fd, { topic: 'missed', payload: 'a call', qos: 1 })
      await expect(serving(kernel, {}, rows)).rejects.toMatchObject({
        code: 'EADDRINUSE',
        message: expect.stringContaining('MQTT_PERSISTENCE (172)'),
      })
    }
    await using kernel = await mqttKernel('thread')
    const { url } = await serving(kernel, {}, rows)
    const reader = await subscriber(kernel, url, 'motd')
    expect(await reader.messages.next()).toMatchObject({ retain: true, payload: Buffer.from('welcome') })
    const away = await client(kernel, url, [
      [MQTT_CLIENT_ID, 'away'],
      [MQTT_CLEAN_SESSION, false],
    ])
    expect(await away.messages.next()).toMatchObject({ topic: 'missed', payload: Buffer.from('a call') })
  } finally {
    rmSync(path, { recursive: true })
  }
})

test('the same port speaks MQTT over WebSocket, to pages that may', async () => {
  await using kernel = await mqttKernel()
  const { port } = await serving(kernel, {}, [[MQTT_ORIGIN, ['https://game.example']]])
  const reader = await subscriber(kernel, `ws://127.0.0.1:${port}/any/path`, 't')
  const { fd } = await client(kernel, port)
  await kernel.request(fd, { topic: 't', payload: 'x', qos: 1 })
  expect((await reader.messages.next()).topic).toBe('t')
  const outcome = (origin: string | undefined, protocol = 'mqtt'): Promise<number> =>
    new Promise((resolve, reject) => {
      const ws = new WebSocket(`ws://127.0.0.1:${port}`, protocol, origin === undefined ? {} : { origin })
      ws.on('open', () => {
        ws.terminate()
        resolve(101)
      })
      ws.on('unexpected-response', (request, { statusCode }) => {
        request.destroy()
        ws.removeAllListeners('error').on('error', () => {})
        resolve(statusCode!)
      })
      ws.on('error', reject)
    })
  expect(await outcome('https://game.example')).toBe(101)
  expect(await outcome(undefined)).toBe(101)
  expect(await outcome('https://evil.example')).toBe(403)
  expect(await outcome('null')).toBe(403)
  expect(await outcome(undefined, 'chat')).toBe(400)
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(426)
})

test('mqtt.js, which sends a packet in many frames, is served over WebSocket and TLS', async () => {
  using authority = new Authority()
  const { certificate, privateKey } = authority.issue('localhost')
  await using kernel = await mqttKernel('thread')
  const { port } = await serving(kernel, {}, [
    [TLS_CERTIFICATE, certificate],
    [TLS_PRIVATE_KEY, privateKey],
  ])
  const peer = await mqttJs.connectAsync(`wss://localhost:${port}/mqtt`, { ca: authority.certificate })
  const came = new Inbox<string>()
  peer.on('message', (topic, payload) => came.put(`${topic} ${payload}`))
  await peer.subscribeAsync('t/#', { qos: 2 })
  const { fd } = await client(kernel, `wss://localhost:${port}`, [[TLS_CA, authority.certificate]])
  await kernel.request(fd, { topic: 't/1', payload: 'ours', qos: 2 })
  await peer.publishAsync('t/2', 'its own', { qos: 2 })
  expect([await came.next(), await came.next()]).toEqual(['t/1 ours', 't/2 its own'])
  await peer.endAsync()
})

test('without MQTT_ORIGIN only pages of the same host and port may', async () => {
  const { allowsOrigin } = await import('@unisock/kernel/plugin')
  const host = 'localhost:1883'
  expect(allowsOrigin('http://localhost:1883', host, undefined)).toBe(true)
  for (const origin of [
    'http://localhost',
    'http://localhost:1884',
    'http://evil.example',
    'null',
    'file://',
    '',
  ])
    expect(allowsOrigin(origin, host, undefined)).toBe(false)
  expect(allowsOrigin('http://evil.example', host, ['*'])).toBe(true)
})

test('further connections than SO_MAX_CONNECTIONS are refused', async () => {
  await using kernel = await mqttKernel()
  const { url } = await serving(kernel, {}, [[SO_MAX_CONNECTIONS, 1]])
  const first = await client(kernel, url)
  await expect(client(kernel, url)).rejects.toMatchObject({ code: 'ECONNRESET' })
  await kernel.close(first.fd)
  const again = async (): Promise<unknown> => client(kernel, url).catch(again)
  await again()
})

test('a listener that is closed leaves its connections, and its port is free', async () => {
  await using kernel = await mqttKernel()
  const { server, url, port } = await serving(kernel)
  const reader = await subscriber(kernel, url, 't')
  const writer = await client(kernel, url)
  await kernel.close(server)
  await kernel.request(writer.fd, { topic: 't', qos: 1 })
  expect((await reader.messages.next()).topic).toBe('t')
  await serving(kernel, {}, [], port)
  await until(() => kernel.status().length > 0)
})
