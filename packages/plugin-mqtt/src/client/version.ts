/**
 * What is of MQTT 5 only.
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import {
  type FilterWire,
  type PublishWire,
  SUBSCRIBE,
  type SubscribeWire,
  type UnsubscribeWire,
} from '../wire.ts'

/** @throws {SocketError} `ENOTSUP` for what MQTT 3.1.1 has not */
export function assertSpeakable(
  wire: PublishWire | SubscribeWire | UnsubscribeWire,
  version: '3.1.1' | '5',
): void {
  if (version === '5' || !isOfFive(wire)) return
  throw new SocketError('ENOTSUP', 'properties and options of MQTT 5 need MQTT_VERSION (160) 5')
}

function isOfFive(wire: PublishWire | SubscribeWire | UnsubscribeWire): boolean {
  if (typeof wire[0] === 'string') return wire[4] !== undefined
  if (wire[0] !== SUBSCRIBE) return false
  const [, filters, properties] = wire as SubscribeWire
  return properties !== null || filters.some(hasOptions)
}

function hasOptions([, , noLocal, asPublished, handling]: FilterWire): boolean {
  return noLocal || asPublished || handling !== 0
}
