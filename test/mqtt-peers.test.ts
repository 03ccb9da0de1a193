/** Mosquitto as the broker, and its clients beside ours: of our broker as well. */
import {
  createKernel,
  type Kernel,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_CLIENT_CERT,
  TLS_PRIVATE_KEY,
  TLS_SESSION,
} from '@unisock/kernel'
import {
  MQTT_AUTH,
  MQTT_CLEAN_SESSION,
  MQTT_CLIENT_ID,
  MQTT_OBSERVE,
  MQTT_RECONNECT,
  MQTT_VERSION,
  MQTT_WILL_MESSAGE,
  MQTT_WILL_QOS,
  MQTT_WILL_RETAIN,
  MQTT_WILL_TOPIC,
  type MqttEvent,
  mqtt,
  responseTo,
} from '@unisock/plugin-mqtt'
import { describe, expect, test } from 'vitest'
import {
  client,
  Inbox,
  mqttKernel,
  type OptionRow,
  serving,
  subscriber,
  until,
} from '../packages/plugin-mqtt/test/support/kernel.ts'
import { SABOTEUR, saboteur } from './fixtures/saboteur/index.ts'
import { Authority } from './support/certificates.ts'
import { memoryLogger } from './support/memory-logger.ts'
import { Mosquitto, runClient } from './support/mosquitto.ts'
import { findProgram } from './support/programs.ts'

const mosquitto = findProgram('mosquitto')
const publisher = findProgram('mosquitto_pub')
const reader = findProgram('mosquitto_sub')
const openssl = findProgram('openssl')

const SOON: OptionRow = [MQTT_RECONNECT, { min: 0.02, max: 0.1 }]
const session = (id: string): OptionRow[] => [
  [MQTT_CLIENT_ID, id],
  [MQTT_CLEAN_SESSION, false],
]

const KILLS = {
  thread: async (kernel: Kernel, fd: any) => void kernel.write(fd, 'crash'),
  process: async (kernel: Kernel, fd: any) =>
    void process.kill((await kernel.request(fd, 'pid')) as number, 'SIGKILL'),
}

const MESSAGES = 10_000
const BROKER_RESTARTS = 5
const WORKER_KILLS = 2

describe.skipIf(!mosquitto)('mosquitto', () => {
  test.each(['thread', 'process'] as const)(
    'loses nothing that was acknowledged, over its restarts and those of a %s worker',
    async isolation => {
      await using broker = await Mosquitto.start(mosquitto!)
      const settings = { isolation, worker: 'mqtt' }
      await using kernel = await createKernel({
        plugins: [mqtt(settings), saboteur(settings)],
        logger: memoryLogger(),
      })
      await using watching = await mqttKernel('inline')
      const got = new Set<number>()
      const watcher = await subscriber(watching, broker.url, 'count', [SOON, ...session('watcher')])
      watching.attach(watcher.fd, { message: (_fd, { payload }) => void got.add(Number(payload)) })
      const writer = await client(kernel, broker.url, [SOON, ...session('writer')])
      const acknowledged: number[] = []
      const publish = async (i: number): Promise<void> => {
        try {
          await kernel.request(writer.fd, { topic: 'count', payload: String(i), qos: 1 })
          acknowledged.push(i)
        } catch (error) {
          if ((error as { code: string }).code !== 'EPLUGIN') throw error
          await publish(i)
        }
      }
      const saboteurFd = (): any => kernel.create(SABOTEUR, {})
      const share = MESSAGES / (BROKER_RESTARTS + WORKER_KILLS)
      let begun = 0
      const pending: Promise<void>[] = []
      for (let k = 0; k < BROKER_RESTARTS + WORKER_KILLS; k++) {
        for (; begun < share * (k + 1) && begun < MESSAGES; begun++) pending.push(publish(begun))
        await until(() => acknowledged.length > share * k + 100)
        if (k % 3 === 2) {
          const { restarts } = kernel.metrics().workers.mqtt!
          await KILLS[isolation](kernel, saboteurFd())
          await until(() => kernel.metrics().workers.mqtt!.restarts > restarts)
        } else await broker.restart()
      }
      await Promise.all(pending)
      await until(() => got.size === MESSAGES)
      expect(acknowledged.length).toBe(MESSAGES)
    },
  )

  test.each(['thread', 'process'] as const)(
    'gets everything of QoS 1 that was only written, through restarts of a %s worker',
    async isolation => {
      await using broker = await Mosquitto.start(mosquitto!)
      const settings = { isolation, worker: 'mqtt' }
      await using kernel = await createKernel({
        plugins: [mqtt(settings), saboteur(settings)],
        logger: memoryLogger(),
      })
      await using watching = await mqttKernel('inline')
      const got = new Set<number>()
      const watcher = await subscriber(watching, broker.url, 'count')
      watching.attach(watcher.fd, { message: (_fd, { payload }) => void got.add(Number(payload)) })
      const drained = new Inbox<void>()
      const writer = await client(kernel, broker.url, [SOON])
      kernel.attach(writer.fd, { drain: () => drained.put(), error: () => {} })
      const restarts = (): number => kernel.metrics().workers.mqtt!.restarts
      for (let i = 0; i < MESSAGES; i++) {
        // What is written right behind finds no worker.
        const kills = [1250, 5000].indexOf(i)
        if (kills >= 0) {
          await until(() => restarts() === kills && kernel.metrics().workers.mqtt!.state === 'running')
          await KILLS[isolation](kernel, kernel.create(SABOTEUR, {}))
        }
        if (!kernel.write(writer.fd, { topic: 'count', payload: String(i).padEnd(200), qos: 1 }))
          await drained.next()
      }
      await until(() => got.size === MESSAGES)
      expect(restarts()).toBe(2)
    },
  )

  test.each(['3.1.1', '5'] as const)(
    'takes every QoS, wills and retained messages in MQTT %s',
    async version => {
      await using broker = await Mosquitto.start(mosquitto!)
      await using kernel = await mqttKernel()
      const options: OptionRow[] = [[MQTT_VERSION, version]]
      const reading = await subscriber(kernel, broker.url, 'mud/#', options)
      const will: OptionRow[] = [
        [MQTT_WILL_TOPIC, 'mud/lost'],
        [MQTT_WILL_MESSAGE, 'gone'],
        [MQTT_WILL_QOS, 1],
        [MQTT_WILL_RETAIN, true],
      ]
      const { fd } = await client(kernel, broker.url, [...options, ...will])
      for (const qos of [0, 1, 2] as const) {
        await kernel.request(fd, { topic: 'mud/x', payload: `${qos}`, qos })
        expect(await reading.messages.next()).toMatchObject({
          payload: Buffer.from(`${qos}`),
          qos,
          retain: false,
        })
      }
      await kernel.close(fd, { abort: true })
      expect(await reading.messages.next()).toMatchObject({ topic: 'mud/lost', qos: 1 })
      const late = await subscriber(kernel, broker.url, 'mud/#', options)
      expect(await late.messages.next()).toMatchObject({
        payload: Buffer.from('gone'),
        retain: true,
        retain_flag: true,
      })
    },
  )

  test('has a session over its restart', async () => {
    await using broker = await Mosquitto.start(mosquitto!)
    await using kernel = await mqttKernel()
    const before = await subscriber(kernel, broker.url, 'mail', session('reader'))
    await kernel.close(before.fd)
    const writer = await client(kernel, broker.url, [SOON])
    await kernel.request(writer.fd, { topic: 'mail', payload: 'letter', qos: 1 })
    await broker.restart()
    await kernel.request(writer.fd, { topic: 'mail', payload: 'parcel', qos: 2 })
    const after = await client(kernel, broker.url, session('reader'))
    for (const payload of ['letter', 'parcel'])
      expect(await after.messages.next()).toMatchObject({ topic: 'mail', payload: Buffer.from(payload) })
  })

  test('speaks MQTT 5 with properties, and clients of it ask each other', async () => {
    await using broker = await Mosquitto.start(mosquitto!)
    await using kernel = await mqttKernel()
    const five: OptionRow = [MQTT_VERSION, '5']
    const answering = await client(kernel, broker.url, [five])
    kernel.attach(answering.fd, {
      message: (fd, message) => void kernel.write(fd, responseTo(message, `re: ${message.payload}`)),
    })
    await kernel.request(answering.fd, {
      subscribe: 'ask',
      qos: 1,
      properties: { subscriptionIdentifier: 7 },
    })
    const asking = await client(kernel, broker.url, [five, SOON])
    const ask = (payload: string) =>
      kernel.request(asking.fd, { topic: 'ask', payload, qos: 1, acknowledge: 'response' })
    const replies = await Promise.all(['a', 'b', 'c'].map(ask))
    expect(replies.map(({ response }) => String(response!.payload))).toEqual(['re: a', 're: b', 're: c'])
    await broker.restart()
    const reading = await subscriber(kernel, broker.url, 'p', [five])
    const properties = {
      contentType: 'text/plain',
      messageExpiryInterval: 60,
      userProperties: { from: 'ann' },
      correlationData: Buffer.of(1, 2),
    }
    await kernel.request(asking.fd, { topic: 'p', payload: 'x', qos: 1, properties })
    expect((await reading.messages.next()).properties).toMatchObject(properties)
    await expect(
      kernel.request(asking.fd, { topic: 'nobody', acknowledge: 'response' }, { timeout: 20 }),
    ).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  test.skipIf(!openssl)('asks for a certificate over TLS, and gets it', async () => {
    using authority = new Authority()
    const server = authority.issue('localhost')
    const { certificate, privateKey } = authority.issue('client.example')
    const config = [
      'allow_anonymous true',
      `cafile ${authority.path}`,
      `certfile ${server.certificatePath}`,
      `keyfile ${server.privateKeyPath}`,
      'require_certificate true',
    ].join('\n')
    await using broker = await Mosquitto.start(mosquitto!, { config })
    await using kernel = await mqttKernel()
    const url = `mqtts://localhost:${broker.port}`
    const trust: OptionRow = [TLS_CA, authority.certificate]
    await expect(client(kernel, url)).rejects.toThrow()
    await expect(client(kernel, url, [trust])).rejects.toThrow()
    const { fd } = await client(kernel, url, [trust, [TLS_CLIENT_CERT, { certificate, privateKey }]])
    expect(await kernel.request(fd, { topic: 't', qos: 1 })).toEqual({ acknowledged: 'broker' })
    expect(await kernel.query(fd as any, TLS_SESSION)).toMatchObject({ authorized: true })
  })
})

describe.skipIf(!publisher || !reader)("mosquitto's clients at our broker", () => {
  test('publish and subscribe with every QoS, retained, with a password, over TLS', async () => {
    using authority = new Authority()
    const { certificate, privateKey } = authority.issue('localhost')
    await using kernel = await mqttKernel('thread')
    const events = new Inbox<MqttEvent>()
    const { port } = await serving(kernel, { message: (_fd, event) => events.put(event) }, [
      [MQTT_AUTH, { users: { ann: 'secret' } }],
      [MQTT_OBSERVE, { publish: ['#'] }],
      [TLS_CERTIFICATE, certificate],
      [TLS_PRIVATE_KEY, privateKey],
    ])
    const common = ['-h', 'localhost', '-p', String(port), '--cafile', authority.path, '-u', 'ann']
    for (const qos of ['0', '1', '2']) {
      const message = ['-t', `mud/${qos}`, '-m', `qos ${qos}`, '-q', qos, '-r']
      await runClient(publisher!, ...common, '-P', 'secret', ...message)
      expect(await events.next()).toMatchObject({ event: 'publish', topic: `mud/${qos}`, qos: Number(qos) })
    }
    const read = await runClient(
      reader!,
      ...common,
      '-P',
      'secret',
      '-t',
      'mud/#',
      '-q',
      '2',
      '-C',
      '3',
      '-v',
    )
    expect(read.trimEnd().split('\n').sort()).toEqual(['mud/0 qos 0', 'mud/1 qos 1', 'mud/2 qos 2'])
    const refused = runClient(publisher!, ...common, '-P', 'wrong', '-t', 't', '-m', 'x')
    await expect(refused).rejects.toThrow('Connection Refused')
  })
})
