/**
 * MQTT clients and an embedded broker as socket modes 37 and 38.
 * @module
 */
import {
  API_VERSION,
  definePlugin,
  flagOptions,
  sibling,
  socketOptions,
  tlsOptions,
} from '@unisock/kernel/plugin'
import * as modes from './modes.ts'
import * as mqttOptions from './options/index.ts'

export * from './modes.ts'
export * from './options/index.ts'
export type { MqttEvent } from './owner/broker-owner.ts'
export type { MqttMessage } from './owner/message.ts'
export type { AccessRequest, ConnectRequest } from './owner/question.ts'
export { responseTo } from './owner/response.ts'
export type {
  PublishProperties,
  ReceivedProperties,
  SubscribeProperties,
  UserProperties,
} from './properties.ts'
export type { QoS } from './wire.ts'
export type { MqttFilter, MqttPublish, MqttSubscribe, MqttUnsubscribe, MqttWrite } from './written.ts'

const MIB = 2 ** 20

/** The plugin: `createKernel({ plugins: [mqtt()] })`. */
export const mqtt = definePlugin({
  name: 'mqtt',
  version: '0.1.0',
  apiVersion: API_VERSION,
  ranges: {
    modes: [[37, 38]],
    options: [
      [130, 139],
      [160, 179],
    ],
  },
  modes,
  options: { ...mqttOptions, ...socketOptions, ...flagOptions, ...tlsOptions },
  worker: sibling('./worker', import.meta.url),
  keeper: {
    limits: { valueBytes: 64 * MIB, streamLength: 1_000_000, streamBytes: 512 * MIB, totalBytes: 1024 * MIB },
  },
})
