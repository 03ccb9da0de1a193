/**
 * What the broker publishes when the client is lost: 138-139 and 164-165. In force from the next connection on.
 * @module
 */
import { boolean, defineOption, type } from '@unisock/kernel/plugin'
import { checkTopic } from '../topics/name.ts'
import type { QoS } from '../wire.ts'
import { CLIENT, family, MAX_TEXT } from './family.ts'

export const MQTT_WILL_TOPIC = defineOption({
  number: 138,
  name: 'MQTT_WILL_TOPIC',
  family,
  modes: CLIENT,
  schema: {
    type: 'string',
    maxLength: MAX_TEXT,
    description: 'Where the will is published when the client is lost. Empty: there is none.',
  },
  value: type<string>(),
  default: '',
  check: topic => {
    if (topic !== '') checkTopic(topic, 'setOption')
  },
})
export const MQTT_WILL_MESSAGE = defineOption({
  number: 139,
  name: 'MQTT_WILL_MESSAGE',
  family,
  modes: CLIENT,
  schema: { type: 'string', maxLength: MAX_TEXT, description: 'What is published then.' },
  value: type<string>(),
  default: '',
})
export const MQTT_WILL_QOS = defineOption({
  number: 164,
  name: 'MQTT_WILL_QOS',
  family,
  modes: CLIENT,
  schema: { enum: [0, 1, 2], description: 'The quality of service that it is published with.' },
  value: type<QoS>(),
  default: 0,
})
export const MQTT_WILL_RETAIN = defineOption({
  number: 165,
  name: 'MQTT_WILL_RETAIN',
  family,
  modes: CLIENT,
  schema: boolean('Whether the broker keeps it for those who subscribe later.'),
  value: type<boolean>(),
  default: false,
})
