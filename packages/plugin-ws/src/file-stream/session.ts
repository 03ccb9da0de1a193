/**
 * All transfers of an fd. A client's outlive its connections: what was not done goes on over the next.
 * @module
 */
import type { Connection } from '@unisock/kernel/plugin'
import { Incoming } from './incoming.ts'
import { Outgoing } from './outgoing.ts'
import { type Failure, failureOf, type Peer } from './peer.ts'
import type { Chunk, Envelope } from './protocol.ts'
import type { FileMessageWire, FileWriteWire } from './wire.ts'

/** Files that a peer may send, and ask for, at a time. */
const MAX_TRANSFERS = 64
/** Bytes between two reports of progress. */
const PROGRESS_STEP = 1024 * 1024

/** What a chunk that waits costs beside its bytes: many tiny ones are not free. */
const CHUNK_COST = 512

const TOO_MANY: Failure = { code: 'ENOBUFS', reason: 'too many transfers are open' }
const CANCELED: Failure = { code: 'ECANCELED', reason: 'it was cancelled' }
const LOST: Failure = { code: 'ECONNRESET', reason: 'the connection was lost' }

interface Fetch {
  id: number
  name: string
  offset?: number
}

type Offer = Extract<Envelope, { op: 'offer' }>

export class Session {
  readonly #fd: Connection
  #peer: Peer | undefined
  /** Numbers of transfers, which questions and offers of this end go by too. */
  #last = 0
  readonly #sends = new Map<number, Outgoing>()
  /** Of them, those that the program gives piece by piece, by its numbers. */
  readonly #streams = new Map<number, Outgoing>()
  readonly #fetches = new Map<number, Fetch>()
  /** By the sender's number. */
  readonly #receives = new Map<number, Incoming>()
  /** The program has room for messages. */
  hasRoom = true
  /** Bytes that came and are not written yet, and what holding them costs. */
  unwritten = 0

  constructor(fd: Connection) {
    this.#fd = fd
  }

  /** Bytes of the program's that are held until they are sent. */
  get held(): number {
    let held = 0
    for (const outgoing of this.#sends.values()) held += outgoing.held
    return held
  }

  /** There is a connection: what was not done on the one before goes on. */
  attach(peer: Peer): void {
    this.#peer = peer
    for (const outgoing of this.#sends.values()) void this.#offer(outgoing, peer)
    for (const { id, name } of this.#fetches.values()) peer.tell({ op: 'fetch', ref: id, name })
  }

  /** The connection is gone. */
  detach(): void {
    this.#peer = undefined
    for (const outgoing of this.#sends.values()) {
      outgoing.stop()
      if (outgoing.ref !== undefined || outgoing.stream) this.#sendFailed(outgoing, LOST)
    }
    for (const incoming of this.#receives.values()) {
      void incoming.stop()
      if (!this.#fetches.has(incoming.id)) this.#tellFailed('receive', incoming, LOST)
    }
    this.#receives.clear()
  }

  write(write: FileWriteWire): void {
    if ('piece' in write) return this.#streams.get(write.piece[0])?.stream?.push(write.piece[1])
    if ('end' in write) return this.#streams.get(write.end[0])?.stream?.end(write.end[1])
    if ('cancel' in write) return this.#cancel(write.cancel)
    const id = ++this.#last
    if ('send' in write) {
      const outgoing = new Outgoing(id, write.send)
      this.#sends.set(id, outgoing)
      if (outgoing.stream) this.#streams.set(write.send.stream!, outgoing)
      if (this.#peer) void this.#offer(outgoing, this.#peer)
      return
    }
    this.#fetches.set(id, { id, ...write.fetch })
    this.#peer?.tell({ op: 'fetch', ref: id, name: write.fetch.name })
  }

  /** False: the peer broke the protocol. */
  receive(envelope: Envelope, peer: Peer): boolean {
    switch (envelope.op) {
      case 'fetch':
        this.#serve(envelope.ref, envelope.name, peer)
        return true
      case 'deny': {
        const fetch = this.#fetches.get(envelope.ref)
        if (fetch) this.#fetchFailed(fetch, envelope)
        return true
      }
      case 'offer':
        if (this.#receives.has(envelope.id)) return false
        this.#consider(envelope, peer)
        return true
      case 'accept': {
        const outgoing = this.#sends.get(envelope.id)
        if (outgoing) void this.#send(outgoing, peer, envelope.offset, envelope.digest)
        return true
      }
      case 'start':
        this.#receives.get(envelope.id)?.start(envelope.offset)
        return true
      case 'done':
        this.#receives.get(envelope.id)?.finish(envelope.size, envelope.digest)
        return true
      case 'received':
        return this.#received(this.#sends.get(envelope.id))
      case 'abort':
        this.#aborted(envelope)
        return true
    }
  }

  chunk({ id, offset, bytes }: Chunk): void {
    const incoming = this.#receives.get(id)
    if (!incoming || bytes.length === 0) return
    this.unwritten += bytes.length + CHUNK_COST
    incoming.write(offset, bytes)
  }

  async #offer(outgoing: Outgoing, peer: Peer): Promise<void> {
    const { id, file } = outgoing
    try {
      if (!(await outgoing.offer(peer))) return
      this.#emit({
        type: 'offer',
        id,
        name: file.name,
        direction: 'send',
        size: outgoing.size,
        content_type: file.type,
      })
    } catch (error) {
      const failure = failureOf(error)
      if (outgoing.ref !== undefined) peer.tell({ op: 'deny', ref: outgoing.ref, ...failure })
      if (peer === this.#peer) this.#sendFailed(outgoing, failure)
    }
  }

  async #send(outgoing: Outgoing, peer: Peer, offset: number, digest: string | undefined): Promise<void> {
    const { id, file } = outgoing
    try {
      await outgoing.send(peer, offset, digest, this.#progress('send', id, file.name, outgoing.size))
    } catch (error) {
      // What belongs to a connection that is gone is offered again on the next.
      if (peer !== this.#peer || !this.#sends.has(id)) return
      const failure = failureOf(error)
      peer.tell({ op: 'abort', id, by: 'sender', ...failure })
      this.#sendFailed(outgoing, failure)
    }
  }

  #serve(ref: number, name: string, peer: Peer): void {
    let served = 0
    for (const outgoing of this.#sends.values()) if (outgoing.ref !== undefined) served++
    if (served >= MAX_TRANSFERS) {
      peer.tell({ op: 'deny', ref, ...TOO_MANY })
      return
    }
    const outgoing = new Outgoing(++this.#last, { name, path: name }, ref)
    this.#sends.set(outgoing.id, outgoing)
    void this.#offer(outgoing, peer)
  }

  #consider(offer: Offer, peer: Peer): void {
    const fetch = offer.ref === undefined ? undefined : this.#fetches.get(offer.ref)
    const refuse = (failure: Failure): void =>
      peer.tell({ op: 'abort', id: offer.id, by: 'receiver', ...failure })
    if (offer.ref !== undefined && fetch?.name !== offer.name) return refuse(CANCELED)
    if (this.#receives.size >= MAX_TRANSFERS) return refuse(TOO_MANY)
    if (peer.settings.root === undefined && !fetch)
      return refuse({ code: 'EACCES', reason: 'no files are taken here' })
    const id = fetch?.id ?? ++this.#last
    const { name, size, type } = offer
    const incoming: Incoming = new Incoming(id, offer, peer, {
      onProgress: this.#progress('receive', id, name, size),
      onDone: (size, digest) => {
        this.#forget(incoming)
        this.#emit({ type: 'done', id, name, direction: 'receive', size, digest })
      },
      onFailed: error => {
        const failure = failureOf(error)
        if (peer !== this.#peer) return
        refuse(failure)
        this.#forget(incoming)
        this.#tellFailed('receive', incoming, failure)
      },
      onWritten: bytes => {
        this.unwritten -= bytes + CHUNK_COST
        peer.onWritten()
      },
    })
    this.#receives.set(offer.id, incoming)
    this.#emit({ type: 'offer', id, name, direction: 'receive', size, content_type: type })
    incoming.accept(fetch?.offset)
  }

  /** False for a file that was not sent yet. */
  #received(outgoing: Outgoing | undefined): boolean {
    if (!outgoing) return true
    if (!outgoing.sent) return false
    const { id, file, size, digest } = outgoing
    this.#drop(outgoing)
    this.#emit({ type: 'done', id, name: file.name, direction: 'send', size: size!, digest })
    return true
  }

  #aborted({ id, by, code, reason }: Extract<Envelope, { op: 'abort' }>): void {
    if (by === 'receiver') {
      const outgoing = this.#sends.get(id)
      if (outgoing) this.#sendFailed(outgoing, { code, reason })
      return
    }
    const incoming = this.#receives.get(id)
    if (!incoming) return
    void incoming.stop()
    this.#forget(incoming)
    this.#tellFailed('receive', incoming, { code, reason })
  }

  #cancel(id: number): void {
    const outgoing = this.#sends.get(id)
    if (outgoing) {
      this.#peer?.tell({ op: 'abort', id, by: 'sender', ...CANCELED })
      this.#sendFailed(outgoing, CANCELED)
      return
    }
    for (const incoming of this.#receives.values())
      if (incoming.id === id) {
        void incoming.stop()
        this.#forget(incoming)
        this.#peer?.tell({ op: 'abort', id: incoming.number, by: 'receiver', ...CANCELED })
        this.#tellFailed('receive', incoming, CANCELED)
        return
      }
    const fetch = this.#fetches.get(id)
    if (fetch) this.#fetchFailed(fetch, CANCELED)
  }

  #sendFailed(outgoing: Outgoing, failure: Failure): void {
    this.#drop(outgoing)
    const { id, file } = outgoing
    this.#tellFailed('send', { id, ...file }, failure)
  }

  #fetchFailed(fetch: Fetch, failure: Failure): void {
    this.#fetches.delete(fetch.id)
    this.#tellFailed('receive', fetch, failure)
  }

  #drop(outgoing: Outgoing): void {
    outgoing.stop()
    this.#sends.delete(outgoing.id)
    if (outgoing.stream) this.#streams.delete(outgoing.file.stream!)
    this.#peer?.onSent()
  }

  #forget(incoming: Incoming): void {
    this.#receives.delete(incoming.number)
    this.#fetches.delete(incoming.id)
  }

  #tellFailed(
    direction: 'send' | 'receive',
    { id, name, stream }: { id: number; name: string; stream?: number },
    { code, reason }: Failure,
  ): void {
    const message = { type: 'failed', id, name, direction, code, reason } as const
    this.#emit(stream === undefined ? message : { ...message, stream })
  }

  #progress(
    direction: 'send' | 'receive',
    id: number,
    name: string,
    size: number | undefined,
  ): (offset: number) => void {
    let told = 0
    return offset => {
      if (!this.hasRoom || Math.abs(offset - told) < PROGRESS_STEP) return
      told = offset
      this.#emit({ type: 'progress', id, name, direction, offset, size })
    }
  }

  #emit(message: FileMessageWire): void {
    if (!this.#fd.emit(message)) this.hasRoom = false
  }
}
