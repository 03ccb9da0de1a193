/**
 * Messages of QoS 1 and 2 on their way to the worker, until it says that they outlive it. A worker that is restarted
 * says which of them it has; the others are sent again.
 * @module
 */
import { type OwnerPort, SO_WRITE_HIGH_WATER, SocketError } from '@unisock/kernel/plugin'
import { CONTINUE, type ContinueWire, type PublishWire } from '../wire.ts'

/** Bytes that are held at most, in multiples of the high-water mark: as many as a kernel queues. */
const FACTOR = 16
/** As many may always be held. */
const FEW_BYTES = 16 * 1024

export class Held {
  readonly #port: OwnerPort
  #wires: PublishWire[] = []
  /** How many of those are done with. */
  #done = 0
  #bytes = 0
  #sequence = 0

  constructor(port: OwnerPort) {
    this.#port = port
  }

  /** `transferred`: the program uses the payload's memory no more. */
  send(wire: PublishWire, transferred: boolean): boolean {
    if (this.#bytes >= FEW_BYTES && this.#bytes >= this.#port.option(SO_WRITE_HIGH_WATER) * FACTOR) {
      const message = `${this.#bytes} bytes wait for the worker`
      this.#port.report(new SocketError('ENOBUFS', message, { fd: this.#port.fd, op: 'write' }))
      return false
    }
    wire[3] = ++this.#sequence
    const payload = wire[1]
    // What is held must not change any more, nor be handed over.
    if (typeof payload !== 'string' && !transferred) wire[1] = Buffer.from(payload)
    this.#wires.push(wire)
    this.#bytes += sizeOf(wire)
    return this.#port.send(wire)
  }

  /** They outlive the worker, up to this one. */
  confirmed(sequence: number): void {
    while (this.#done < this.#wires.length && this.#wires[this.#done]![3] <= sequence)
      this.#bytes -= sizeOf(this.#wires[this.#done++]!)
    if (this.#done < 64 || this.#done * 2 < this.#wires.length) return
    this.#wires = this.#wires.slice(this.#done)
    this.#done = 0
  }

  /** Sends what a new worker does not have. */
  resumed(sequence: number): void {
    this.confirmed(sequence)
    const before = (this.#wires[this.#done]?.[3] ?? this.#sequence + 1) - 1
    this.#port.send([CONTINUE, before] satisfies ContinueWire)
    for (let i = this.#done; i < this.#wires.length; i++) this.#port.send(this.#wires[i]!)
  }
}

function sizeOf([topic, payload]: PublishWire): number {
  return topic.length + payload.length
}
