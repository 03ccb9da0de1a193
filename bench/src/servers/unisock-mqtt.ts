import { createKernel } from '@unisock/kernel'
import { MQTT_CLIENT, mqtt } from '@unisock/plugin-mqtt'
import { PAYLOAD, publishing, QOS, TOPIC } from './publisher.ts'

const kernel = await createKernel({ plugins: [mqtt()] })
const message = { topic: TOPIC, payload: PAYLOAD, qos: QOS }

await publishing(async url => {
  let drained = Promise.withResolvers<void>()
  const fd = kernel.create(MQTT_CLIENT, {
    drain: () => {
      drained.resolve()
      drained = Promise.withResolvers()
    },
    error: () => {},
  })
  await kernel.connect(fd, url)
  return {
    publish: () => kernel.write(fd, message),
    room: () => drained.promise,
    close: () => void kernel.close(fd, { abort: true }),
  }
})
