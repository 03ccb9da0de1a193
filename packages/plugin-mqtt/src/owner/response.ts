/**
 * Answering a message that asks for an answer (MQTT 5.0 section 4.10).
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { MqttPublish } from '../written.ts'
import type { MqttMessage } from './message.ts'

/**
 * The message that answers another, of the same QoS.
 *
 * @example kernel.write(fd, responseTo(message, 'pong'))
 * @throws {SocketError} `EINVAL` for a message that asks for no answer.
 */
export function responseTo({ qos, properties }: MqttMessage, payload: unknown): MqttPublish {
  const { responseTopic, correlationData } = properties
  if (responseTopic === undefined) throw new SocketError('EINVAL', 'the message names no response topic')
  return {
    topic: responseTopic,
    payload,
    qos,
    retain: false,
    ...(correlationData && { properties: { correlationData } }),
  }
}
