/**
 * Publishing 64 characters over MQTT with QoS 0 and 1, beside mqtt.js in the program's own thread. Ours keeps what is of
 * QoS 1 in a keeper until the broker has it; mqtt.js has it in memory.
 * @module
 */
import type { Case } from '../case.ts'
import { mqttPublish } from '../mqtt-served.ts'

const publishing = (qos: 0 | 1): Case => ({
  name: `mqtt-publish-${qos}`,
  contenders: { unisock: mqttPublish('unisock-mqtt', qos), 'mqtt.js': mqttPublish('mqtt-js', qos) },
  metrics: [
    { figure: 'messages/s', unit: 'messages/s', against: 'mqtt.js', goal: { atLeast: 0.9 } },
    { figure: 'owner-cpu', unit: 'µs/message', against: 'mqtt.js', goal: { atMost: 0.25 } },
  ],
  rounds: 5,
})

export const mqttPublish0 = publishing(0)
export const mqttPublish1 = publishing(1)
