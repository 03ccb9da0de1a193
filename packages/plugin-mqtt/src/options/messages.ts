/**
 * What a client says of its messages where they do not, and how it gets and keeps them: 135-136 and 161-162.
 * @module
 */
import { boolean, defineOption, type } from '@unisock/kernel/plugin'
import type { QoS } from '../wire.ts'
import { CLIENT, family } from './family.ts'

/** Where messages of QoS 1 and 2 wait for the broker's acknowledgement, and how many at most. */
export interface MqttStore {
  /** A directory that they are kept in, which outlives the program; else a keeper has them, which outlives the worker. */
  path?: string
  /** @default 100000 */
  maxMessages?: number
  /** Bytes of topics and payloads. @default 67108864 */
  maxBytes?: number
}

export const MQTT_QOS = defineOption({
  number: 135,
  name: 'MQTT_QOS',
  family,
  modes: CLIENT,
  schema: {
    enum: [0, 1, 2],
    description: 'The quality of service of messages and subscriptions that do not say.',
  },
  value: type<QoS>(),
  default: 0,
})
export const MQTT_RETAIN = defineOption({
  number: 136,
  name: 'MQTT_RETAIN',
  family,
  modes: CLIENT,
  schema: boolean('Whether the broker keeps messages that do not say, for those who subscribe later.'),
  value: type<boolean>(),
  default: false,
})
export const MQTT_STORE = defineOption({
  number: 161,
  name: 'MQTT_STORE',
  family,
  modes: CLIENT,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      path: { type: 'string', minLength: 1, maxLength: 4096 },
      maxMessages: { type: 'integer', minimum: 1, maximum: 1_000_000 },
      maxBytes: { type: 'integer', minimum: 1, maximum: 256 * 1024 * 1024 },
    },
    description:
      'Where messages of QoS 1 and 2 wait for the broker: in a keeper, which outlives the worker, or in a directory, which outlives the program. A message beyond maxMessages or maxBytes is refused with ENOSPC.',
  },
  value: type<MqttStore>(),
  when: 'before-bind',
  default: {},
})
export const MQTT_PAYLOAD_FORMAT = defineOption({
  number: 162,
  name: 'MQTT_PAYLOAD_FORMAT',
  family,
  schema: {
    enum: ['buffer', 'text', 'json'],
    description:
      'What payloads come as: bytes, text, or the value that they are in JSON (text, if they are none).',
  },
  value: type<'buffer' | 'text' | 'json'>(),
  default: 'buffer',
})
