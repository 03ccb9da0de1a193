/**
 * Messages of QoS 1 and 2, in their order, from the moment they are written until the broker has acknowledged them.
 * @module
 */
import { SocketError, toSocketError } from '@unisock/kernel/plugin'
import type { MqttStore } from '../options/index.ts'
import type { OfflineStore, SentPacket, Stored, Track } from '../store/offline-store.ts'
import type { PublishWire } from '../wire.ts'
import { OutboxChunk } from './outbox-chunk.ts'
import type { Publication } from './publication.ts'

export interface OutboxOptions {
  readonly store: OfflineStore
  readonly limits: MqttStore
  /** All messages up to a sequence number outlive the worker. */
  onSafe(sequence: number): void
  /** Messages could not be stored; they are sent nevertheless. */
  onFailure(error: SocketError): void
}

const MAX_MESSAGES = 100_000
const MAX_BYTES = 64 * 1024 * 1024

export class Outbox {
  readonly #options: OutboxOptions
  /** From the oldest that the broker has not acknowledged. */
  #items: Publication[] = []
  /** Before it all are done. */
  #head = 0
  /** Before it all were sent in this connection. */
  #next = 0
  #count = 0
  #bytes = 0
  /** In their order; the first of them not safe, or not done. */
  readonly #chunks: OutboxChunk[] = []
  /** So many of them, from the first, are safe and told of. */
  #safe = 0
  /** Takes what is written now. */
  #open: OutboxChunk | undefined
  #committing = false
  #releasing = false
  readonly #forget: () => void
  #closed = false

  constructor(options: OutboxOptions) {
    this.#options = options
    this.#forget = options.store.onBack(kept => this.#storeAgain(kept))
  }

  /** Messages that the broker has not acknowledged. */
  get size(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * Takes what an earlier worker, or program, has left; returns the sequence number of the last message. `known`:
   * sequence numbers go on.
   */
  restore({ chunks, sequence, sent }: Stored, known: boolean): number {
    let last = sequence
    const packets = new Map(sent.map(packet => [`${packet.offset} ${packet.index}`, packet]))
    for (const { offset, messages } of chunks) {
      const chunk = new OutboxChunk()
      this.#chunks.push(chunk)
      chunk.storedAt(offset)
      for (const wire of messages) {
        if (!known) wire[3] = 0
        const publication = this.#enqueue(chunk.add(wire))
        const packet = packets.get(`${offset} ${publication.index}`)
        if (packet) resumed(publication, packet)
        if (packet?.state === 'done') this.done(publication)
      }
      last = Math.max(last, chunk.sequence)
    }
    return last
  }

  /**
   * Takes a message.
   *
   * @throws {SocketError} `ENOSPC` when there is no room for it
   */
  add(wire: PublishWire): Publication {
    const { maxMessages = MAX_MESSAGES, maxBytes = MAX_BYTES } = this.#options.limits
    const bytes = wire[0].length + wire[1].length
    if (this.#count >= maxMessages || this.#bytes + bytes > maxBytes) {
      this.skip(wire[3])
      const message = `${this.#count} messages of ${this.#bytes} bytes wait for the broker: MQTT_STORE (161) has room for ${maxMessages} of ${maxBytes} bytes`
      throw new SocketError('ENOSPC', message, { details: { topic: wire[0] } })
    }
    if (!this.#open) {
      this.#open = new OutboxChunk()
      this.#chunks.push(this.#open)
      if (!this.#committing) setImmediate(() => this.#commit())
    }
    const chunk = this.#open
    const publication = this.#enqueue(chunk.add(wire))
    if (chunk.isFull) this.#open = undefined
    return publication
  }

  /** A message that is not to be sent is done with. */
  skip(sequence: number): void {
    if (sequence === 0) return
    const last = this.#chunks.at(-1)
    if (last) last.sequence = sequence
    else this.#options.onSafe(sequence)
  }

  /** The next message that was not sent in this connection. */
  next(): Publication | undefined {
    while (this.#next < this.#items.length) {
      const publication = this.#items[this.#next++]!
      if (!publication.done && !publication.released) return publication
    }
    return undefined
  }

  /** The broker has a message, or does not take it. */
  done(publication: Publication, error?: SocketError): void {
    if (publication.done) return
    publication.done = true
    publication.chunk.pending--
    this.#count--
    this.#bytes -= publication.bytes
    publication.settle?.(error)
    this.#shrink()
    if (publication.chunk.pending === 0) this.#advance()
  }

  /** The connection is lost: all that is left is to be sent again. */
  rewind(): void {
    this.#next = this.#head
  }

  /** The broker has forgotten the session: identifiers mean nothing any more, and what it had received it has. */
  forgetIds(): void {
    for (const publication of [...this.sent()]) {
      if (publication.released) this.done(publication)
      else publication.id = 0
    }
  }

  /** What was sent and is not acknowledged, by identifier. */
  *sent(): Generator<Publication> {
    for (let i = this.#head; i < this.#items.length; i++) {
      const publication = this.#items[i]!
      if (!publication.done && publication.id > 0) yield publication
    }
  }

  close(error: SocketError): void {
    this.#closed = true
    this.#forget()
    for (const publication of this.#items) if (!publication.done) publication.settle?.(error)
  }

  #enqueue(publication: Publication): Publication {
    this.#items.push(publication)
    this.#count++
    this.#bytes += publication.bytes
    return publication
  }

  #shrink(): void {
    while (this.#head < this.#items.length && this.#items[this.#head]!.done) this.#head++
    if (this.#head < 1024 || this.#head * 2 < this.#items.length) return
    this.#items = this.#items.slice(this.#head)
    this.#next = Math.max(0, this.#next - this.#head)
    this.#head = 0
  }

  /** Stores what was written since, one chunk at a time: what comes meanwhile is stored together. */
  async #commit(): Promise<void> {
    if (this.#committing) return
    this.#committing = true
    for (let chunk = this.#uncommitted(); chunk && !this.#closed; chunk = this.#uncommitted()) {
      if (chunk === this.#open) this.#open = undefined
      chunk.state = 'storing'
      try {
        chunk.storedAt(await this.#options.store.append(chunk.messages))
      } catch (thrown) {
        const error = toSocketError(thrown, 'ENOSPC')
        chunk.refused(error)
        if (!this.#closed) this.#options.onFailure(error)
      }
      this.#advance()
    }
    this.#committing = false
    // The broker was faster than the store.
    if (this.#open?.pending === 0) this.#open = undefined
    this.#advance()
  }

  #uncommitted(): OutboxChunk | undefined {
    for (let i = this.#safe; i < this.#chunks.length; i++) {
      const chunk = this.#chunks[i]!
      if (chunk.offset === 0 && chunk.pending > 0 && chunk.state === undefined) return chunk
    }
    return undefined
  }

  /** Nothing of it is lost with the worker. */
  #isSafe({ offset, pending }: OutboxChunk): boolean {
    return pending === 0 || (offset > 0 && this.#options.store.outlivesWorker)
  }

  /** Tells of what is safe, and drops what is done. */
  #advance(): void {
    let sequence = 0
    for (; this.#safe < this.#chunks.length && this.#isSafe(this.#chunks[this.#safe]!); this.#safe++)
      sequence = this.#chunks[this.#safe]!.sequence || sequence
    if (sequence > 0) this.#options.onSafe(sequence)
    if (this.#releasing || !this.#releasable()) return
    this.#releasing = true
    setImmediate(() => this.#release())
  }

  /** The oldest chunk, if the broker has all of it. */
  #releasable(): OutboxChunk | undefined {
    const chunk = this.#chunks[0]
    return chunk && chunk.pending === 0 && chunk !== this.#open && chunk.state !== 'storing'
      ? chunk
      : undefined
  }

  async #release(): Promise<void> {
    const released: OutboxChunk[] = []
    for (let chunk = this.#releasable(); chunk; chunk = this.#releasable()) {
      this.#chunks.shift()
      this.#safe = Math.max(0, this.#safe - 1)
      if (chunk.offset > 0) released.push(chunk)
      else chunk.superseded()
    }
    const last = released.at(-1)
    if (last && !this.#closed)
      await this.#options.store.release(last.offset + 1, last.sequence, tracksOf(released)).catch(() => {
        // A store that is lost has nothing left to drop.
      })
    this.#releasing = false
    if (!this.#closed) this.#advance()
  }

  /** The store was out of reach; `kept`: what it had it still has. */
  #storeAgain(kept: boolean): void {
    for (const chunk of this.#chunks) {
      if (!kept) chunk.offset = 0
      if (chunk.state === 'refused') chunk.state = undefined
    }
    this.#safe = 0
    void this.#commit()
  }
}

function tracksOf(chunks: readonly OutboxChunk[]): Track[] {
  return chunks.flatMap(({ offset, tracked }) => Array.from(tracked, index => ({ offset, index })))
}

function resumed(publication: Publication, { id, state }: SentPacket): void {
  publication.chunk.tracked.add(publication.index)
  publication.id = id
  publication.released = state === 'released'
}
