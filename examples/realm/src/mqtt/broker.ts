/**
 * The broker that is told how the realm is: one that was named, or one of the realm's own, on a free port of this machine,
 * where the realm publishes and everybody may listen.
 * @module
 */
import { randomBytes } from 'node:crypto'
import type { Kernel } from '@unisock/kernel'
import { MQTT_ACL, MQTT_AUTH, MQTT_SERVER } from '@unisock/plugin-mqtt'
import { ALL_TOPICS } from './topics.ts'

const USER = 'realm'

export interface Broker {
  /** For those who listen. */
  readonly url: string
  /** For the realm. */
  readonly own: string
}

/** `embedded` runs one; anything else is the URL of one, maybe with user and password. */
export async function brokerAt(kernel: Kernel, url: string): Promise<Broker> {
  return url === 'embedded' ? openBroker(kernel) : { url: withoutUser(url), own: url }
}

async function openBroker(kernel: Kernel): Promise<Broker> {
  const password = randomBytes(9).toString('base64url')
  const broker = kernel.create(MQTT_SERVER, {})
  void kernel.setOption(broker, MQTT_AUTH, { users: { [USER]: password }, anonymous: true })
  void kernel.setOption(broker, MQTT_ACL, {
    rules: [
      { username: USER, topics: [ALL_TOPICS] },
      { action: 'subscribe', topics: [ALL_TOPICS] },
    ],
  })
  const { port } = await kernel.bind(broker, 0)
  await kernel.listen(broker)
  const place = `127.0.0.1:${port}`
  return { url: `mqtt://${place}`, own: `mqtt://${USER}:${password}@${place}` }
}

function withoutUser(text: string): string {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  return url.href
}
