/**
 * A received message, from what crosses to what the program gets.
 * @module
 */
import type { ReceivedProperties } from '../properties.ts'
import { DUP, JSON_TEXT, type MessageWire, QOS, type QoS, RETAIN } from '../wire.ts'

export interface MqttMessage {
  topic: string
  /** Bytes; or as MQTT_PAYLOAD_FORMAT says. Anything at all may be in it: it comes from others. */
  payload: any
  qos: QoS
  /** The broker had kept it for those who subscribe later. */
  retain: boolean
  /** The same as `retain`. */
  retain_flag: boolean
  /** It may have come before. */
  dup: boolean
  /** 0 for QoS 0. */
  packet_id: number
  /** Of MQTT 5; empty without any. */
  properties: ReceivedProperties
}

export function toMessage([topic, payload, bits, packetId, properties]: MessageWire): MqttMessage {
  const retain = (bits & RETAIN) !== 0
  return {
    topic,
    payload: (bits & JSON_TEXT) === 0 ? payload : parsed(payload as string),
    qos: (bits & QOS) as QoS,
    retain,
    retain_flag: retain,
    dup: (bits & DUP) !== 0,
    packet_id: packetId,
    properties: properties ?? {},
  }
}

/** What is no JSON stays text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
