/**
 * Messages that are stored together.
 * @module
 */
import type { SocketError } from '@unisock/kernel/plugin'
import type { PublishWire } from '../wire.ts'
import { Publication } from './publication.ts'

/** Beyond either, the next message begins another chunk. */
const MAX_MESSAGES = 500
const MAX_BYTES = 256 * 1024

export class OutboxChunk {
  readonly messages: PublishWire[] = []
  readonly #stored = Promise.withResolvers<void>()
  /** Sequence number of the last message, or of one behind it that was refused. */
  sequence = 0
  /** Messages that the broker has not acknowledged. */
  pending = 0
  /** Where it is stored; 0 before. */
  offset = 0
  /** It is being stored, was refused by the store, or neither. */
  state: 'storing' | 'refused' | undefined
  /** Messages whose way is stored as well, by their index. */
  readonly tracked = new Set<number>()
  #bytes = 0

  constructor() {
    this.#stored.promise.catch(() => {})
  }

  get isFull(): boolean {
    return this.messages.length >= MAX_MESSAGES || this.#bytes >= MAX_BYTES
  }

  /** Resolves once it is stored; rejects where it cannot be. */
  get stored(): Promise<void> {
    return this.#stored.promise
  }

  add(wire: PublishWire): Publication {
    const publication = new Publication(wire, this, this.messages.length)
    this.messages.push(wire)
    this.pending++
    this.#bytes += publication.bytes
    if (wire[3] > 0) this.sequence = wire[3]
    return publication
  }

  storedAt(offset: number): void {
    this.state = undefined
    this.offset = offset
    this.#stored.resolve()
  }

  refused(error: SocketError): void {
    this.state = 'refused'
    this.#stored.reject(error)
  }

  /** The broker has all of it: who waits for the store need not wait any more. */
  superseded(): void {
    this.#stored.resolve()
  }
}
