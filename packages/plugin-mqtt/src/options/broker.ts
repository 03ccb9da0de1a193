/**
 * Who may do what at the embedded broker, what it keeps, and what the program sees of it: 170-174 and 176.
 * @module
 */
import { defineOption, type } from '@unisock/kernel/plugin'
import type { AccessRequest, ConnectRequest } from '../owner/question.ts'
import { checkFilter } from '../topics/name.ts'
import type { MqttPublish } from '../written.ts'
import { family, MAX_TEXT, SERVER } from './family.ts'

/** Who may connect. Without it, everybody may. */
export interface MqttAuth {
  /** Passwords by user name. */
  users?: Readonly<Record<string, string>>
  /** Called for clients that are none of those; they may connect when it returns, or resolves with, `true`. */
  handler?: (request: ConnectRequest) => unknown
  /** Clients without a user name may connect. @default false */
  anonymous?: boolean
}

/** What some clients may, or may not, publish and subscribe to. The first rule that fits decides. */
export interface MqttRule {
  /** The user that it is about. @default everybody */
  username?: string
  /** The client that it is about. @default every client */
  client_id?: string
  /** @default both */
  action?: 'publish' | 'subscribe'
  /** Topic filters; `%u` and `%c` stand for user name and client id. */
  topics: readonly string[]
  /** @default true */
  allow?: boolean
}

/** Who may publish and subscribe to what. Without it, everybody may everything. */
export interface MqttAcl {
  /** What no rule is about is not allowed. */
  rules?: readonly MqttRule[]
  /** Called where no rule decides; it is allowed when it returns, or resolves with, `true`. */
  handler?: (request: AccessRequest) => unknown
}

/** What the program is told of a broker's clients. */
export interface MqttObserve {
  /** Messages published to what these topic filters mean. */
  publish?: readonly string[]
  /** What clients subscribe to, and cease to. */
  subscriptions?: boolean
}

const text = { type: 'string', minLength: 1, maxLength: MAX_TEXT }
const filters = { type: 'array', items: text, maxItems: 10_000 }

export const MQTT_AUTH = defineOption({
  number: 170,
  name: 'MQTT_AUTH',
  family,
  modes: SERVER,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      users: { type: 'object', additionalProperties: { type: 'string', maxLength: MAX_TEXT } },
      handler: { isFunction: true },
      anonymous: { type: 'boolean' },
    },
    description:
      'Who may connect: passwords by user name, the function that says so, and whether clients without a user name may. Default: everybody.',
  },
  value: type<MqttAuth>(),
  secret: true,
})
export const MQTT_ACL = defineOption({
  number: 171,
  name: 'MQTT_ACL',
  family,
  modes: SERVER,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      rules: {
        type: 'array',
        maxItems: 10_000,
        items: {
          type: 'object',
          required: ['topics'],
          additionalProperties: false,
          properties: {
            username: text,
            client_id: text,
            action: { enum: ['publish', 'subscribe'] },
            topics: { ...filters, minItems: 1 },
            allow: { type: 'boolean' },
          },
        },
      },
      handler: { isFunction: true },
    },
    description:
      'Who may publish and subscribe to what: rules, of which the first that fits decides, and the function that is asked where none does. Default: everybody everything.',
  },
  value: type<MqttAcl>(),
  check: ({ rules = [] }) => {
    for (const { topics } of rules) for (const topic of topics) checkFilter(topic, 'setOption')
  },
})
export const MQTT_PERSISTENCE = defineOption({
  number: 172,
  name: 'MQTT_PERSISTENCE',
  family,
  modes: SERVER,
  schema: {
    anyOf: [
      { enum: ['memory'] },
      {
        type: 'object',
        required: ['path'],
        additionalProperties: false,
        properties: { path: { type: 'string', minLength: 1, maxLength: 4096 } },
      },
    ],
    description:
      'Where sessions, retained messages and wills are: in memory, which ends with the worker, or in a directory.',
  },
  value: type<'memory' | { path: string }>(),
  when: 'before-bind',
  default: 'memory',
})
export const MQTT_OBSERVE = defineOption({
  number: 173,
  name: 'MQTT_OBSERVE',
  family,
  modes: SERVER,
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: { publish: filters, subscriptions: { type: 'boolean' } },
    description:
      'What the program is told of clients: messages to what these topic filters mean, and subscriptions.',
  },
  value: type<MqttObserve>(),
  default: {},
  check: ({ publish = [] }) => {
    for (const filter of publish) checkFilter(filter, 'setOption')
  },
})
export const MQTT_PUBLISH = defineOption({
  number: 174,
  name: 'MQTT_PUBLISH',
  family,
  modes: SERVER,
  schema: {
    type: 'object',
    required: ['topic'],
    properties: { topic: text },
    description: 'Publishes a message at the broker; resolves once the broker has passed it on.',
  },
  value: type<MqttPublish>(),
  journal: 'action',
})
export const MQTT_ORIGIN = defineOption({
  number: 176,
  name: 'MQTT_ORIGIN',
  family,
  modes: SERVER,
  schema: {
    type: 'array',
    maxItems: 1000,
    items: { type: 'string', minLength: 1, maxLength: 1024 },
    description:
      "The origins whose pages may connect over WebSocket, exactly; '*' means all. Default: pages of the broker's own host and port.",
  },
  value: type<string[]>(),
})
