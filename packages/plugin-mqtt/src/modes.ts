/**
 * Socket modes 37 and 38.
 * @module
 */
import { defineMode, MQTT_MODE, type } from '@unisock/kernel/plugin'
import { brokerOwner, type MqttEvent } from './owner/broker-owner.ts'
import { clientOwner } from './owner/client-owner.ts'
import type { MqttMessage } from './owner/message.ts'
import type { MqttPublish, MqttWrite } from './written.ts'

/** What `request` resolves with. */
export interface MqttReply {
  /** Who has it: the broker, or the store that outlives the worker. Null for QoS 0: nobody says so. */
  acknowledged: 'broker' | 'store' | null
  /** What the broker has granted. Of subscriptions. */
  granted?: { topic: string; qos: 0 | 1 | 2 }[]
  /** What somebody has answered, where that was asked for. */
  response?: MqttMessage
}

const shared = {
  package: '@unisock/plugin-mqtt',
  family: 'mqtt',
  families: ['tls'],
  flags: [MQTT_MODE],
} as const

/** A client of a broker. */
export const MQTT_CLIENT = defineMode({
  ...shared,
  number: 37,
  name: 'MQTT_CLIENT',
  kind: 'client',
  restart: 'reconnect',
  ownTarget: true,
  message: type<MqttMessage>(),
  write: type<MqttWrite>(),
  reply: type<MqttReply>(),
  owner: clientOwner,
})
/** A broker. */
export const MQTT_SERVER = defineMode({
  ...shared,
  number: 38,
  name: 'MQTT_SERVER',
  kind: 'server',
  message: type<MqttEvent>(),
  write: type<MqttPublish>(),
  owner: brokerOwner,
})
