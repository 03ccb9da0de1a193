/**
 * Listens to what the realm publishes, with the same socket mode as it publishes with.
 * @module
 */
import { createKernel } from '@unisock/kernel'
import { MQTT_CLIENT, MQTT_PAYLOAD_FORMAT, type MqttMessage, mqtt } from '@unisock/plugin-mqtt'
import type { Judge } from '../check.ts'
import type { Realm } from '../realm.ts'
import { ALL_TOPICS } from './topics.ts'

const PATIENCE_MS = 10_000

export interface Listener extends AsyncDisposable {
  /** Calls `judge` once a message has come, behind those that were expected before, that has these fields. */
  expect(topic: string, fields: Readonly<Record<string, unknown>>): Promise<void>
}

export async function listenTo({ mqtt: broker }: Realm, judge: Judge): Promise<Listener> {
  const kernel = await createKernel({ plugins: [mqtt({ worker: 'listener' })] })
  const messages: MqttMessage[] = []
  let wake = (): void => {}
  const fd = kernel.create(MQTT_CLIENT, (_fd, message) => {
    messages.push(message)
    wake()
  })
  void kernel.setOption(fd, MQTT_PAYLOAD_FORMAT, 'json')
  await kernel.connect(fd, broker!)
  await kernel.request(fd, { subscribe: ALL_TOPICS, qos: 1 })
  return {
    async expect(topic, fields) {
      const deadline = AbortSignal.timeout(PATIENCE_MS)
      deadline.addEventListener('abort', () => wake())
      const fits = (message: MqttMessage): boolean =>
        message.topic === topic &&
        Object.entries(fields).every(([name, value]) => (message.payload as any)[name] === value)
      for (;;) {
        const message = messages.shift()
        if (message && fits(message)) break
        if (message) continue
        if (deadline.aborted) return judge(`MQTT: ${topic} ${JSON.stringify(fields)} did not come`, false)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
      judge(`MQTT: ${topic} ${JSON.stringify(fields)} came`, true)
    },
    [Symbol.asyncDispose]: () => kernel.close(),
  }
}
