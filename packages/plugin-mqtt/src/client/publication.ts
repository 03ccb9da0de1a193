/**
 * A message of QoS 1 or 2 on its way to the broker.
 * @module
 */
import type { SocketError } from '@unisock/kernel/plugin'
import { type PublishWire, QOS } from '../wire.ts'
import type { OutboxChunk } from './outbox-chunk.ts'

export class Publication {
  readonly wire: PublishWire
  readonly chunk: OutboxChunk
  /** Where in its chunk. */
  readonly index: number
  /** What it was sent under; 0 before. */
  id = 0
  /** QoS 2: the broker has it, and is told so (MQTT 5.0 section 4.3.3). */
  released = false
  done = false
  /** What to tell whoever waits for the broker. */
  settle: ((error?: SocketError) => void) | undefined

  constructor(wire: PublishWire, chunk: OutboxChunk, index: number) {
    this.wire = wire
    this.chunk = chunk
    this.index = index
  }

  get qos(): 1 | 2 {
    return (this.wire[2] & QOS) as 1 | 2
  }

  get bytes(): number {
    return this.wire[0].length + this.wire[1].length
  }
}
