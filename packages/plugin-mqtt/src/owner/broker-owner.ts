/**
 * A broker and its clients' connections in the owner's thread.
 * @module
 */
import type { OwnerHalf, OwnerPort } from '@unisock/kernel/plugin'
import {
  type MessageWire,
  type QoS,
  type QuestionWire,
  SUBSCRIBED,
  type SubscribedWire,
  UNSUBSCRIBED,
  type UnsubscribedWire,
  type VerdictWire,
} from '../wire.ts'
import { type MqttPublish, publishWire } from '../written.ts'
import { type MqttMessage, toMessage } from './message.ts'
import { questionId, toQuestion } from './question.ts'

/** What a client of the broker did, where MQTT_OBSERVE asks for it. */
export type MqttEvent =
  | ({ event: 'publish' } & MqttMessage)
  | { event: 'subscribe'; subscriptions: { topic: string; qos: QoS }[] }
  | { event: 'unsubscribe'; topics: string[] }

type ReceivedWire = MessageWire | SubscribedWire | UnsubscribedWire | QuestionWire

function receive(wire: ReceivedWire): unknown {
  switch (wire[0]) {
    case SUBSCRIBED: {
      const [, filters, qos] = wire as SubscribedWire
      const subscriptions = filters.map((topic, i) => ({ topic, qos: qos[i] as QoS }))
      return { event: 'subscribe', subscriptions } satisfies MqttEvent
    }
    case UNSUBSCRIBED:
      return { event: 'unsubscribe', topics: (wire as UnsubscribedWire)[1] } satisfies MqttEvent
    default:
      if (typeof wire[0] === 'number') return toQuestion(wire as QuestionWire)
      return { event: 'publish', ...toMessage(wire as MessageWire) } satisfies MqttEvent
  }
}

function answer(port: OwnerPort, message: unknown, allowed: boolean | null): void {
  const id = questionId(message)
  if (id !== undefined) port.send([id, allowed] satisfies VerdictWire)
}

const DEFAULTS = { qos: (): QoS => 0, retain: (): boolean => false }

export const brokerOwner: OwnerHalf = {
  receive,
  encode: (data: MqttPublish) => publishWire(data, DEFAULTS, 'write'),
  result: (value, port, message) => answer(port, message, value === true),
  /** It threw: nothing is allowed by that, and the error goes its way. */
  failure(_error, port, message) {
    answer(port, message, null)
    return false
  },
}
