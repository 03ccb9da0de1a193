/**
 * All files that an fd receives, and those that it has asked for.
 * @module
 */
import { Incoming } from './incoming.ts'
import { CANCELED, type Failure, failureOf, LOST, MAX_TRANSFERS, type Peer, TOO_MANY } from './peer.ts'
import type { Chunk, Envelope } from './protocol.ts'
import type { Reports } from './reports.ts'

/** What a chunk that waits costs beside its bytes: many tiny ones are not free. */
const CHUNK_COST = 512

interface Fetch {
  id: number
  name: string
  offset?: number
}

type Offer = Extract<Envelope, { op: 'offer' }>

export class Receiving {
  readonly #reports: Reports
  readonly #newId: () => number
  #peer: Peer | undefined
  readonly #fetches = new Map<number, Fetch>()
  /** By the sender's number. */
  readonly #files = new Map<number, Incoming>()
  /** Bytes that came and are not written yet, and what holding them costs. */
  unwritten = 0

  constructor(reports: Reports, newId: () => number) {
    this.#reports = reports
    this.#newId = newId
  }

  attach(peer: Peer): void {
    this.#peer = peer
    for (const { id, name } of this.#fetches.values()) peer.tell({ op: 'fetch', ref: id, name })
  }

  detach(): void {
    this.#peer = undefined
    for (const incoming of this.#files.values()) {
      void incoming.stop()
      if (!this.#fetches.has(incoming.id)) this.#reports.failed('receive', incoming, LOST)
    }
    this.#files.clear()
  }

  /** Asks for a file. */
  fetch(file: { name: string; offset?: number }): void {
    const id = this.#newId()
    this.#fetches.set(id, { id, ...file })
    this.#peer?.tell({ op: 'fetch', ref: id, name: file.name })
  }

  /** The peer does not send what it was asked for. */
  denied(ref: number, failure: Failure): void {
    const fetch = this.#fetches.get(ref)
    if (fetch) this.#fetchFailed(fetch, failure)
  }

  /** False for a number that is in use. */
  offered(offer: Offer, peer: Peer): boolean {
    if (this.#files.has(offer.id)) return false
    const fetch = offer.ref === undefined ? undefined : this.#fetches.get(offer.ref)
    const refusal = this.#refusal(offer, fetch, peer)
    if (refusal) peer.tell({ op: 'abort', id: offer.id, by: 'receiver', ...refusal })
    else this.#receive(offer, fetch, peer)
    return true
  }

  /** The sender's word on where a file begins. */
  started(id: number, offset: number): void {
    this.#files.get(id)?.start(offset)
  }

  chunk({ id, offset, bytes }: Chunk): void {
    const incoming = this.#files.get(id)
    if (!incoming || bytes.length === 0) return
    this.unwritten += bytes.length + CHUNK_COST
    incoming.write(offset, bytes)
  }

  /** The sender has sent all of a file. */
  done(id: number, size: number, digest: string | undefined): void {
    this.#files.get(id)?.finish(size, digest)
  }

  /** The sender sends no more of a file. */
  aborted(id: number, failure: Failure): void {
    const incoming = this.#files.get(id)
    if (incoming) this.#stop(incoming, failure)
  }

  cancel(id: number): void {
    for (const incoming of this.#files.values())
      if (incoming.id === id) {
        this.#peer?.tell({ op: 'abort', id: incoming.number, by: 'receiver', ...CANCELED })
        this.#stop(incoming, CANCELED)
        return
      }
    this.denied(id, CANCELED)
  }

  #refusal(offer: Offer, fetch: Fetch | undefined, peer: Peer): Failure | undefined {
    if (offer.ref !== undefined && fetch?.name !== offer.name) return CANCELED
    if (this.#files.size >= MAX_TRANSFERS) return TOO_MANY
    if (peer.settings.root === undefined && !fetch)
      return { code: 'EACCES', reason: 'no files are taken here' }
    return undefined
  }

  #receive(offer: Offer, fetch: Fetch | undefined, peer: Peer): void {
    const id = fetch?.id ?? this.#newId()
    const { name, size, type } = offer
    const incoming: Incoming = new Incoming(id, offer, peer, {
      onProgress: this.#reports.progress('receive', id, name, size),
      onDone: (size, digest) => {
        this.#forget(incoming)
        this.#reports.tell({ type: 'done', id, name, direction: 'receive', size, digest })
      },
      onFailed: error => {
        if (peer !== this.#peer) return
        const failure = failureOf(error)
        peer.tell({ op: 'abort', id: offer.id, by: 'receiver', ...failure })
        this.#forget(incoming)
        this.#reports.failed('receive', incoming, failure)
      },
      onWritten: bytes => {
        this.unwritten -= bytes + CHUNK_COST
        peer.onWritten()
      },
    })
    this.#files.set(offer.id, incoming)
    this.#reports.tell({ type: 'offer', id, name, direction: 'receive', size, content_type: type })
    incoming.accept(fetch?.offset)
  }

  #stop(incoming: Incoming, failure: Failure): void {
    void incoming.stop()
    this.#forget(incoming)
    this.#reports.failed('receive', incoming, failure)
  }

  #fetchFailed(fetch: Fetch, failure: Failure): void {
    this.#fetches.delete(fetch.id)
    this.#reports.failed('receive', fetch, failure)
  }

  #forget(incoming: Incoming): void {
    this.#files.delete(incoming.number)
    this.#fetches.delete(incoming.id)
  }
}
