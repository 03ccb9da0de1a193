/**
 * A request that is put to the program for the cache alone: its client was answered with what was stale.
 * @module
 */
import { type Connection, type Driver, SocketError } from '@unisock/kernel/plugin'
import { Timed } from '../server/deadlines.ts'
import { BODY_FILE, type ChunkWire, type ResponseWire } from '../wire.ts'
import type { CachePart } from './part.ts'

export class Renewal extends Timed implements Driver {
  /** The fd; set by what accepts it. */
  connection!: Connection
  readonly #part: CachePart
  readonly #defaults: readonly string[]
  #streaming = false
  #handedOff = false

  constructor(part: CachePart, defaults: readonly string[]) {
    super()
    this.#part = part
    this.#defaults = defaults
  }

  write(wire: ResponseWire | ChunkWire, last: boolean): boolean {
    if (this.#streaming) this.#continue(wire as ChunkWire)
    else this.#begin(wire as ResponseWire)
    if (last) this.#end()
    else if (!this.#part.isWaiting)
      this.#stop(new SocketError('ECANCELED', 'a renewal that cannot be stored'))
    return true
  }

  /** The program closed the fd instead of answering. */
  close(): void {
    this.list?.clear(this)
    this.#part.abandon()
  }

  override expire(): void {
    this.#stop(new SocketError('ETIMEDOUT', 'no answer in HTTP_TIMEOUT to a renewal for the cache'))
  }

  /** No more of the answer is wanted: it may be one without an end. */
  #stop(error: SocketError): void {
    this.list?.clear(this)
    this.#part.abandon()
    this.connection.close(error)
  }

  #begin([status, headers, body, kind]: ResponseWire): void {
    this.#streaming = true
    // A file that is handed off is not in hand to be stored.
    if (body !== true && kind !== BODY_FILE) this.#part.answer(status, headers, body, kind, this.#defaults)
    else this.#part.head(status, headers, kind, this.#defaults)
    this.#handedOff = kind === BODY_FILE
  }

  #continue(wire: ChunkWire): void {
    if (wire !== null && !Array.isArray(wire)) this.#part.chunk(wire)
  }

  #end(): void {
    this.list?.clear(this)
    if (!this.#handedOff) this.#part.end()
    this.#part.abandon()
  }
}
