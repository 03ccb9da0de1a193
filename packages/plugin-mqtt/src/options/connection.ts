/**
 * Which broker, who to it, and how: 130-134, 137, 160, 163 and 166-167.
 * @module
 */
import { defineOption, integer, type Reconnect, reconnectSchema, type } from '@unisock/kernel/plugin'
import type { UserProperties } from '../properties.ts'
import { CLIENT, family, MAX_TEXT } from './family.ts'

/** Of the CONNECT packet and of the will in it (MQTT 5.0 section 3.1). */
export interface ConnectProperties {
  connect?: {
    /** Seconds that the broker keeps the session once the connection is lost. */
    sessionExpiryInterval?: number
    /** Messages of QoS 1 and 2 that may be on their way to the client. */
    receiveMaximum?: number
    requestResponseInformation?: boolean
    requestProblemInformation?: boolean
    userProperties?: UserProperties
  }
  will?: {
    /** Seconds that the broker waits before it publishes the will. */
    willDelayInterval?: number
    payloadFormatIndicator?: boolean
    messageExpiryInterval?: number
    contentType?: string
    responseTopic?: string
    userProperties?: UserProperties
  }
}

const uint32 = { type: 'integer', minimum: 0, maximum: 0xffffffff }
const string = { type: 'string', maxLength: MAX_TEXT }
const userProperties = {
  type: 'object',
  additionalProperties: { anyOf: [string, { type: 'array', items: string }] },
}

export const MQTT_BROKER = defineOption({
  number: 130,
  name: 'MQTT_BROKER',
  family,
  modes: CLIENT,
  schema: {
    type: 'string',
    pattern: '^(mqtts?|tcp|tls|ssl|wss?)://',
    maxLength: 8192,
    description:
      "The broker's URL: mqtt:// or tcp://, mqtts:// (also tls://, ssl://), ws:// or wss://. connect(fd) goes there; a host that connect names takes scheme, port and path of it.",
  },
  value: type<string>(),
})
export const MQTT_CLIENT_ID = defineOption({
  number: 131,
  name: 'MQTT_CLIENT_ID',
  family,
  modes: CLIENT,
  schema: {
    type: 'string',
    minLength: 1,
    maxLength: MAX_TEXT,
    description:
      'What the broker knows the client by; one of a kind. Default: a random one that stays through reconnects.',
  },
  value: type<string>(),
  when: 'before-bind',
})
export const MQTT_USERNAME = defineOption({
  number: 132,
  name: 'MQTT_USERNAME',
  family,
  modes: CLIENT,
  schema: { ...string, description: 'Who the client is to the broker, from the next connection on.' },
  value: type<string>(),
})
export const MQTT_PASSWORD = defineOption({
  number: 133,
  name: 'MQTT_PASSWORD',
  family,
  modes: CLIENT,
  schema: { ...string, description: 'Proves who the client is, from the next connection on.' },
  value: type<string>(),
  secret: true,
})
export const MQTT_KEEP_ALIVE = defineOption({
  number: 134,
  name: 'MQTT_KEEP_ALIVE',
  family,
  modes: CLIENT,
  schema: integer(
    'Seconds of silence after which the client pings; a broker that does not answer is given up. 0: never.',
    0,
    65_535,
  ),
  value: type<number>(),
  default: 60,
})
export const MQTT_CLEAN_SESSION = defineOption({
  number: 137,
  name: 'MQTT_CLEAN_SESSION',
  family,
  modes: CLIENT,
  schema: {
    type: 'boolean',
    description:
      'The broker forgets subscriptions and undelivered messages with the connection. Without, name the client by MQTT_CLIENT_ID.',
  },
  value: type<boolean>(),
  when: 'before-bind',
  default: true,
})
export const MQTT_VERSION = defineOption({
  number: 160,
  name: 'MQTT_VERSION',
  family,
  modes: CLIENT,
  schema: { enum: ['3.1.1', '5'], description: 'The version of MQTT that is spoken.' },
  value: type<'3.1.1' | '5'>(),
  when: 'before-bind',
  default: '3.1.1',
})
export const MQTT_RECONNECT = defineOption({
  number: 163,
  name: 'MQTT_RECONNECT',
  family,
  modes: CLIENT,
  schema: reconnectSchema,
  value: type<boolean | Reconnect>(),
  default: true,
})
export const MQTT_PROPERTIES = defineOption({
  number: 166,
  name: 'MQTT_PROPERTIES',
  family,
  modes: CLIENT,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      connect: {
        type: 'object',
        additionalProperties: false,
        properties: {
          sessionExpiryInterval: uint32,
          receiveMaximum: { type: 'integer', minimum: 1, maximum: 65_535 },
          requestResponseInformation: { type: 'boolean' },
          requestProblemInformation: { type: 'boolean' },
          userProperties,
        },
      },
      will: {
        type: 'object',
        additionalProperties: false,
        properties: {
          willDelayInterval: uint32,
          payloadFormatIndicator: { type: 'boolean' },
          messageExpiryInterval: uint32,
          contentType: string,
          responseTopic: string,
          userProperties,
        },
      },
    },
    description: 'Properties of MQTT 5 that the client connects with, and those of its will.',
  },
  value: type<ConnectProperties>(),
  when: 'before-bind',
  default: {},
})
export const MQTT_MAX_PACKET_SIZE = defineOption({
  number: 167,
  name: 'MQTT_MAX_PACKET_SIZE',
  family,
  schema: integer(
    'Bytes of a packet that is received; a peer that sends a larger one is disconnected.',
    256,
    268_435_460,
  ),
  value: type<number>(),
  when: 'before-bind',
  default: 1024 * 1024,
})
