/**
 * What a broker has said that it does not take (MQTT 5.0 section 3.2.2.3).
 * @module
 */
import { SocketError } from '@unisock/kernel/plugin'
import type { PublishProperties } from '../properties.ts'
import { type PublishWire, QOS, RETAIN } from '../wire.ts'

export interface BrokerLimits {
  maximumQoS?: number
  retainAvailable?: boolean
  /** Bytes. */
  maximumPacketSize?: number
}

/** The most bytes that a packet has beside topic, payload and properties. */
const HEADER_BYTES = 16

/** @throws {SocketError} `ENOTSUP`, `EMSGSIZE` */
export function assertTaken(wire: PublishWire, limits: BrokerLimits): void {
  const [topic, payload, bits, , properties] = wire
  const { maximumQoS = 2, retainAvailable = true, maximumPacketSize } = limits
  const refuse = (code: 'ENOTSUP' | 'EMSGSIZE', message: string): SocketError =>
    new SocketError(code, `the broker ${message}`, { op: 'write', details: { topic } })
  if ((bits & QOS) > maximumQoS) throw refuse('ENOTSUP', `takes messages up to QoS ${maximumQoS}`)
  if ((bits & RETAIN) !== 0 && !retainAvailable) throw refuse('ENOTSUP', 'does not retain messages')
  if (maximumPacketSize === undefined) return
  const size = Buffer.byteLength(topic) + Buffer.byteLength(payload) + sizeOf(properties) + HEADER_BYTES
  if (size > maximumPacketSize) throw refuse('EMSGSIZE', `takes packets of ${maximumPacketSize} bytes`)
}

/** No less than the properties take. */
function sizeOf(properties: PublishProperties | undefined): number {
  if (!properties) return 0
  const { correlationData, ...texts } = properties
  return Buffer.byteLength(JSON.stringify(texts)) + (correlationData?.length ?? 0) + HEADER_BYTES
}
