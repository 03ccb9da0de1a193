import mqtt from 'mqtt'
import { PAYLOAD, publishing, QOS, TOPIC } from './publisher.ts'

/** Messages that are not written, or of QoS 1 not acknowledged, at once. */
const IN_FLIGHT = 1000
const OPTIONS = { qos: QOS }

await publishing(async url => {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 })
  client.on('error', () => {})
  let inFlight = 0
  let room = Promise.withResolvers<void>()
  const done = (): void => {
    if (--inFlight !== IN_FLIGHT / 2) return
    room.resolve()
    room = Promise.withResolvers()
  }
  return {
    publish: () => {
      inFlight++
      client.publish(TOPIC, PAYLOAD, OPTIONS, done)
      return inFlight < IN_FLIGHT
    },
    room: () => room.promise,
    close: () => void client.end(true),
  }
})
