/**
 * All files that an fd sends: of its program's, and of those that its peer has asked for.
 * @module
 */
import { Outgoing } from './outgoing.ts'
import { CANCELED, type Failure, failureOf, LOST, MAX_TRANSFERS, type Peer, TOO_MANY } from './peer.ts'
import type { Reports } from './reports.ts'
import type { FileWire } from './wire.ts'

export class Sending {
  readonly #reports: Reports
  readonly #newId: () => number
  #peer: Peer | undefined
  readonly #files = new Map<number, Outgoing>()
  /** Of them, those that the program gives piece by piece, by its numbers. */
  readonly #streams = new Map<number, Outgoing>()

  constructor(reports: Reports, newId: () => number) {
    this.#reports = reports
    this.#newId = newId
  }

  /** Bytes of the program's that are held until they are sent. */
  get held(): number {
    let held = 0
    for (const outgoing of this.#files.values()) held += outgoing.held
    return held
  }

  attach(peer: Peer): void {
    this.#peer = peer
    for (const outgoing of this.#files.values()) void this.#offer(outgoing, peer)
  }

  detach(): void {
    this.#peer = undefined
    for (const outgoing of this.#files.values()) {
      outgoing.stop()
      if (outgoing.ref !== undefined || outgoing.stream) this.#failed(outgoing, LOST)
    }
  }

  add(file: FileWire): void {
    const outgoing = new Outgoing(this.#newId(), file)
    this.#files.set(outgoing.id, outgoing)
    if (outgoing.stream) this.#streams.set(file.stream!, outgoing)
    if (this.#peer) void this.#offer(outgoing, this.#peer)
  }

  /** The program gives the next piece of a stream. */
  push(stream: number, bytes: Buffer): void {
    this.#streams.get(stream)?.stream?.push(bytes)
  }

  /** The last piece of a stream was given, or no more can be. */
  end(stream: number, whole: boolean): void {
    this.#streams.get(stream)?.stream?.end(whole)
  }

  /** The peer asks for a file. */
  serve(ref: number, name: string, peer: Peer): void {
    let served = 0
    for (const outgoing of this.#files.values()) if (outgoing.ref !== undefined) served++
    if (served >= MAX_TRANSFERS) {
      peer.tell({ op: 'deny', ref, ...TOO_MANY })
      return
    }
    const outgoing = new Outgoing(this.#newId(), { name, path: name }, ref)
    this.#files.set(outgoing.id, outgoing)
    void this.#offer(outgoing, peer)
  }

  /** The peer takes a file, and has so much of it already. */
  accepted(id: number, offset: number, digest: string | undefined, peer: Peer): void {
    const outgoing = this.#files.get(id)
    if (outgoing) void this.#send(outgoing, peer, offset, digest)
  }

  /** The peer has a whole file. False for one that was not sent yet. */
  received(id: number): boolean {
    const outgoing = this.#files.get(id)
    if (!outgoing) return true
    if (!outgoing.sent) return false
    const { file, size, digest } = outgoing
    this.#drop(outgoing)
    this.#reports.tell({ type: 'done', id, name: file.name, direction: 'send', size: size!, digest })
    return true
  }

  /** The peer does not take a file. */
  refused(id: number, failure: Failure): void {
    const outgoing = this.#files.get(id)
    if (outgoing) this.#failed(outgoing, failure)
  }

  /** False: nothing of that number is sent. */
  cancel(id: number): boolean {
    const outgoing = this.#files.get(id)
    if (!outgoing) return false
    this.#peer?.tell({ op: 'abort', id, by: 'sender', ...CANCELED })
    this.#failed(outgoing, CANCELED)
    return true
  }

  async #offer(outgoing: Outgoing, peer: Peer): Promise<void> {
    const { id, file } = outgoing
    try {
      if (!(await outgoing.offer(peer))) return
      const { name, type: content_type } = file
      this.#reports.tell({ type: 'offer', id, name, direction: 'send', size: outgoing.size, content_type })
    } catch (error) {
      const failure = failureOf(error)
      if (outgoing.ref !== undefined) peer.tell({ op: 'deny', ref: outgoing.ref, ...failure })
      if (peer === this.#peer) this.#failed(outgoing, failure)
    }
  }

  async #send(outgoing: Outgoing, peer: Peer, offset: number, digest: string | undefined): Promise<void> {
    const { id, file, size } = outgoing
    try {
      await outgoing.send(peer, offset, digest, this.#reports.progress('send', id, file.name, size))
    } catch (error) {
      // What belongs to a connection that is gone is offered again on the next.
      if (peer !== this.#peer || !this.#files.has(id)) return
      const failure = failureOf(error)
      peer.tell({ op: 'abort', id, by: 'sender', ...failure })
      this.#failed(outgoing, failure)
    }
  }

  #failed(outgoing: Outgoing, failure: Failure): void {
    this.#drop(outgoing)
    const { id, file } = outgoing
    this.#reports.failed('send', { id, ...file }, failure)
  }

  #drop(outgoing: Outgoing): void {
    outgoing.stop()
    this.#files.delete(outgoing.id)
    if (outgoing.stream) this.#streams.delete(outgoing.file.stream!)
    this.#peer?.onSent()
  }
}
