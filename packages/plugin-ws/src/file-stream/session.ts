/**
 * All transfers of an fd. A client's outlive its connections: what was not done goes on over the next.
 * @module
 */
import type { Connection } from '@unisock/kernel/plugin'
import type { Peer } from './peer.ts'
import type { Chunk, Envelope } from './protocol.ts'
import { Receiving } from './receiving.ts'
import { Reports } from './reports.ts'
import { Sending } from './sending.ts'
import type { FileWriteWire } from './wire.ts'

export class Session {
  readonly #reports: Reports
  readonly #sending: Sending
  readonly #receiving: Receiving
  /** Numbers of transfers, which questions and offers of this end go by too. */
  #last = 0

  constructor(fd: Connection) {
    const newId = (): number => ++this.#last
    this.#reports = new Reports(fd)
    this.#sending = new Sending(this.#reports, newId)
    this.#receiving = new Receiving(this.#reports, newId)
  }

  /** Bytes of the program's that are held until they are sent. */
  get held(): number {
    return this.#sending.held
  }

  /** Bytes that came and are not written yet, and what holding them costs. */
  get unwritten(): number {
    return this.#receiving.unwritten
  }

  /** The program has room for messages. */
  get hasRoom(): boolean {
    return this.#reports.hasRoom
  }

  /** The program has room again. */
  resume(): void {
    this.#reports.hasRoom = true
  }

  /** There is a connection: what was not done on the one before goes on. */
  attach(peer: Peer): void {
    this.#sending.attach(peer)
    this.#receiving.attach(peer)
  }

  /** The connection is gone. */
  detach(): void {
    this.#sending.detach()
    this.#receiving.detach()
  }

  write(write: FileWriteWire): void {
    if ('piece' in write) this.#sending.push(...write.piece)
    else if ('end' in write) this.#sending.end(...write.end)
    else if ('send' in write) this.#sending.add(write.send)
    else if ('fetch' in write) this.#receiving.fetch(write.fetch)
    else if (!this.#sending.cancel(write.cancel)) this.#receiving.cancel(write.cancel)
  }

  /** False: the peer broke the protocol. */
  receive(envelope: Envelope, peer: Peer): boolean {
    switch (envelope.op) {
      case 'offer':
        return this.#receiving.offered(envelope, peer)
      case 'received':
        return this.#sending.received(envelope.id)
      case 'fetch':
        this.#sending.serve(envelope.ref, envelope.name, peer)
        break
      case 'deny':
        this.#receiving.denied(envelope.ref, envelope)
        break
      case 'accept':
        this.#sending.accepted(envelope.id, envelope.offset, envelope.digest, peer)
        break
      case 'start':
        this.#receiving.started(envelope.id, envelope.offset)
        break
      case 'done':
        this.#receiving.done(envelope.id, envelope.size, envelope.digest)
        break
      case 'abort':
        if (envelope.by === 'receiver') this.#sending.refused(envelope.id, envelope)
        else this.#receiving.aborted(envelope.id, envelope)
    }
    return true
  }

  chunk(chunk: Chunk): void {
    this.#receiving.chunk(chunk)
  }
}
