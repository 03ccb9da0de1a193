/**
 * What programs write, checked, and as it crosses. A request crosses as it is and is checked in the worker.
 * @module
 */
import { jsonText, SocketError } from '@unisock/kernel/plugin'
import {
  checkPublishProperties,
  checkSubscribeProperties,
  type PublishProperties,
  type SubscribeProperties,
} from './properties.ts'
import { checkFilter, checkTopic } from './topics/name.ts'
import {
  type FilterWire,
  type PublishWire,
  type QoS,
  RETAIN,
  SUBSCRIBE,
  type SubscribeWire,
  UNSUBSCRIBE,
  type UnsubscribeWire,
} from './wire.ts'

/** A message to be published. */
export interface MqttPublish {
  topic: string
  /** Text and bytes are sent as they are, anything else as JSON. @default '' */
  payload?: unknown
  /** @default MQTT_QOS */
  qos?: QoS
  /** The broker keeps it for those who subscribe later. @default MQTT_RETAIN */
  retain?: boolean
  /** Of MQTT 5. */
  properties?: PublishProperties
  /**
   * When a `request` of QoS 1 or 2 resolves: when the broker has acknowledged it, when it is stored so that it outlives
   * the worker, or, in MQTT 5, when somebody has answered it. @default 'broker'
   */
  acknowledge?: 'broker' | 'store' | 'response'
}

/** A topic filter and how it is subscribed to. */
export interface MqttFilter {
  topic: string
  /** @default MQTT_QOS */
  qos?: QoS
  /** Not what this client publishes itself. Of MQTT 5. */
  noLocal?: boolean
  /** `retain` says what the publisher said. Of MQTT 5. */
  retainAsPublished?: boolean
  /** Which messages that were kept are sent: 0 all, 1 those of a new subscription, 2 none. Of MQTT 5. */
  retainHandling?: 0 | 1 | 2
}

export interface MqttSubscribe {
  subscribe: string | MqttFilter | readonly (string | MqttFilter)[]
  /** Of all filters that do not say. @default MQTT_QOS */
  qos?: QoS
  /** Of MQTT 5. */
  properties?: SubscribeProperties
}

export interface MqttUnsubscribe {
  unsubscribe: string | readonly string[]
}

/** What `write` and `request` take. */
export type MqttWrite = MqttPublish | MqttSubscribe | MqttUnsubscribe

/** What MQTT_QOS and MQTT_RETAIN say. */
export interface Defaults {
  qos(): QoS
  retain(): boolean
}

/** @throws {SocketError} `EINVAL`, `ETYPENOTSUPP` */
export function toWire(
  data: MqttWrite,
  defaults: Defaults,
  op: string,
): PublishWire | SubscribeWire | UnsubscribeWire {
  if (typeof data === 'object' && data !== null) {
    if ('topic' in data) return publishWire(data, defaults, op)
    if ('subscribe' in data) return subscribeWire(data, defaults, op)
    if ('unsubscribe' in data)
      return [UNSUBSCRIBE, list(data.unsubscribe, op).map(one => checkFilter(one, op))]
  }
  throw new SocketError('ETYPENOTSUPP', 'MQTT takes { topic, payload }, { subscribe } or { unsubscribe }', {
    op,
  })
}

export function publishWire(data: MqttPublish, defaults: Defaults, op: string): PublishWire {
  const { properties, payload = '' } = data
  const topic = checkTopic(data.topic, op)
  const qos = checkQos(data.qos ?? defaults.qos(), op)
  const bits = (data.retain ?? defaults.retain()) ? qos | RETAIN : qos
  const text =
    typeof payload === 'string' || payload instanceof Uint8Array
      ? payload
      : jsonText(payload, 'the payload', { op })
  return properties === undefined
    ? [topic, text, bits, 0]
    : [topic, text, bits, 0, checkPublishProperties(properties, op)]
}

function subscribeWire(data: MqttSubscribe, defaults: Defaults, op: string): SubscribeWire {
  const filters = list(data.subscribe, op).map((one): FilterWire => {
    const filter: MqttFilter = typeof one === 'string' ? { topic: one } : one
    const { noLocal = false, retainAsPublished = false, retainHandling = 0 } = filter
    if (![0, 1, 2].includes(retainHandling))
      throw new SocketError('EINVAL', 'retainHandling is 0, 1 or 2', { op })
    const qos = checkQos(filter.qos ?? data.qos ?? defaults.qos(), op)
    return [checkFilter(filter.topic, op), qos, noLocal === true, retainAsPublished === true, retainHandling]
  })
  const { properties } = data
  return [SUBSCRIBE, filters, properties === undefined ? null : checkSubscribeProperties(properties, op)]
}

function list<T>(value: T | readonly T[], op: string): readonly T[] {
  const items = Array.isArray(value) ? value : [value as T]
  if (items.length === 0) throw new SocketError('EINVAL', 'name at least one topic filter', { op })
  return items
}

function checkQos(qos: unknown, op: string): QoS {
  if (qos === 0 || qos === 1 || qos === 2) return qos
  throw new SocketError('EINVAL', `qos is 0, 1 or 2, not ${String(qos)}`, { op })
}
