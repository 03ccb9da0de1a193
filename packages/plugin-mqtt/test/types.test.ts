/** What the types infer and what they refuse. */
import { createKernel, type Kernel } from '@unisock/kernel'
import { expect, test } from 'vitest'
import {
  MQTT_AUTH,
  MQTT_BROKER,
  MQTT_CLIENT,
  MQTT_CLIENT_ID,
  MQTT_KEEP_ALIVE,
  MQTT_PASSWORD,
  MQTT_SERVER,
  MQTT_USERNAME,
  type MqttMessage,
  mqtt,
} from '../src/index.ts'
import { Inbox } from './support/kernel.ts'

test('messages, writes and options are typed', async () => {
  await using kernel: Kernel = await createKernel({ plugins: [mqtt({ isolation: 'inline' })] })
  const client = kernel.create(MQTT_CLIENT, (_fd, message) => {
    const narrowed: MqttMessage = message
    expect(narrowed.qos).toBe(0)
  })
  const server = kernel.create(MQTT_SERVER, (fd, event) => {
    if (event.event === 'subscribe') kernel.write(fd, { topic: event.subscriptions[0]!.topic })
    // @ts-expect-error a connection of a broker subscribes to nothing
    kernel.write(fd, { subscribe: 'x' })
  })
  expect(() => {
    // @ts-expect-error a listener is not written to
    kernel.write(server, { topic: 'x' })
  }).toThrow()
  expect(() => {
    // @ts-expect-error there is no such QoS
    kernel.write(client, { topic: 'x', qos: 3 })
  }).toThrow('qos')
  await kernel.setOption(server, MQTT_AUTH, { handler: ({ username, addr }) => username === addr.address })
  // @ts-expect-error seconds
  await expect(kernel.setOption(client, MQTT_KEEP_ALIVE, 'often')).rejects.toMatchObject({ code: 'EINVAL' })
  await expect(kernel.setOption(server as never, MQTT_KEEP_ALIVE, 1)).rejects.toMatchObject({
    code: 'ENOPROTOOPT',
  })
  await kernel.setOption(client, MQTT_PASSWORD, 'secret')
  expect(kernel.getOption(client, MQTT_PASSWORD)).toBe('[redacted]')
})

test("a game's client is told of logins and of the system's status", async () => {
  await using kernel = await createKernel({ plugins: [mqtt()] })
  const broker = kernel.create(MQTT_SERVER, {})
  void kernel.setOption(broker, MQTT_AUTH, { users: { muduser: 'mudpass' } })
  const { port } = await kernel.bind(broker, 0)
  await kernel.listen(broker)

  const told = new Inbox<string>()
  const socket = kernel.create(MQTT_CLIENT, (_fd, { topic, payload, qos }) => {
    switch (topic) {
      case 'mud/players/login':
        return told.put(`${payload} has come (${qos})`)
      case 'mud/system/status':
        return told.put(`the system is ${payload} (${qos})`)
    }
  })
  void kernel.setOption(socket, MQTT_BROKER, `mqtt://127.0.0.1:${port}`)
  void kernel.setOption(socket, MQTT_CLIENT_ID, 'mud_server_4711')
  void kernel.setOption(socket, MQTT_USERNAME, 'muduser')
  void kernel.setOption(socket, MQTT_PASSWORD, 'mudpass')
  void kernel.setOption(socket, MQTT_KEEP_ALIVE, 60)
  await kernel.connect(socket, '127.0.0.1')
  await kernel.request(socket, { subscribe: 'mud/#', qos: 1 })
  kernel.write(socket, { topic: 'mud/players/login', payload: 'Wren', qos: 1 })
  kernel.write(socket, { topic: 'mud/system/status', payload: 'fine', qos: 1 })
  expect([await told.next(), await told.next()]).toEqual(['Wren has come (1)', 'the system is fine (1)'])
})
