/** FluffOS's example of an MQTT client, carried over. */
import { expect, test } from 'vitest'
import {
  MQTT_AUTH,
  MQTT_BROKER,
  MQTT_CLIENT,
  MQTT_CLIENT_ID,
  MQTT_KEEP_ALIVE,
  MQTT_PASSWORD,
  MQTT_PAYLOAD_FORMAT,
  MQTT_USERNAME,
} from '../src/index.ts'
import { Inbox, ISOLATIONS, mqttKernel, serving } from './support/kernel.ts'

test.each(ISOLATIONS)(
  'a game hears of logins and of the system from its broker, over %s',
  async isolation => {
    await using kernel = await mqttKernel(isolation)
    const { url } = await serving(kernel, {}, [[MQTT_AUTH, { users: { muduser: 'mudpass' } }]])
    const heard = new Inbox<[what: string, payload: unknown, qos: number]>()

    const mqtt = kernel.create(
      MQTT_CLIENT,
      (_fd, { topic, payload, qos }) => {
        switch (topic) {
          case 'mud/players/login':
            heard.put(['login', payload, qos])
            break
          case 'mud/system/status':
            heard.put(['status', payload, qos])
        }
      },
      () => {},
    )
    await kernel.setOption(mqtt, MQTT_BROKER, url)
    await kernel.setOption(mqtt, MQTT_CLIENT_ID, `mud_server_${Math.floor(Math.random() * 10_000)}`)
    await kernel.setOption(mqtt, MQTT_USERNAME, 'muduser')
    await kernel.setOption(mqtt, MQTT_PASSWORD, 'mudpass')
    await kernel.setOption(mqtt, MQTT_KEEP_ALIVE, 60)
    await kernel.setOption(mqtt, MQTT_PAYLOAD_FORMAT, 'json')
    await kernel.connect(mqtt, undefined)

    await kernel.request(mqtt, { subscribe: 'mud/#' })
    kernel.write(mqtt, { topic: 'mud/players/login', payload: { player: 'wren' }, qos: 1 })
    kernel.write(mqtt, { topic: 'mud/elsewhere', payload: 'nobody asks' })
    kernel.write(mqtt, { topic: 'mud/system/status', payload: 'up', qos: 0 })
    expect([await heard.next(), await heard.next()].sort()).toEqual([
      ['login', { player: 'wren' }, expect.any(Number)],
      ['status', 'up', 0],
    ])
  },
)
