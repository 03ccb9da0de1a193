/**
 * A message from the network, as it crosses to the program.
 * @module
 */
import type { ReceivedProperties } from './properties.ts'
import { DUP, JSON_TEXT, type MessageWire, RETAIN } from './wire.ts'

export type PayloadFormat = 'buffer' | 'text' | 'json'

interface Packet {
  topic: string
  payload: string | Buffer
  qos: number
  retain?: boolean | undefined
  dup?: boolean | undefined
  messageId?: number | undefined
  properties?: object | undefined
}

export function messageWire(packet: Packet, format: PayloadFormat): MessageWire {
  const { topic, payload, qos, retain, dup, messageId, properties } = packet
  let bits = qos
  if (retain) bits |= RETAIN
  if (dup) bits |= DUP
  if (format === 'json') bits |= JSON_TEXT
  const content = format === 'buffer' ? payload : payload.toString()
  const id = qos === 0 ? 0 : (messageId ?? 0)
  return [topic, content, bits, id, properties ? plain(properties) : null]
}

/** mqtt-packet's own objects have no prototype. */
function plain(properties: object): ReceivedProperties {
  const copy: Record<string, unknown> = { ...properties }
  if (copy.userProperties) copy.userProperties = { ...(copy.userProperties as object) }
  return copy as ReceivedProperties
}
