/**
 * What stands for the socket of FastCGI requests, one after another: node:http writes their responses to it, and those
 * leave as records.
 * @module
 */
import type { Socket } from 'node:net'
import type { Addr } from '@unisock/kernel/plugin'
import { StandIn } from '../server/stand-in.ts'
import type { Incoming } from './incoming.ts'
import { cgiHead } from './reply-head.ts'

/** Where a channel's records go. */
export interface ChannelLink {
  /** Content of the response; calls back when more may be sent. */
  output(id: number, content: Uint8Array, taken: () => void): void
  /** The response is complete. */
  finished(id: number): void
  /** The response ends before it is complete. */
  aborted(id: number): void
}

const END_OF_HEAD = Buffer.from('\r\n\r\n')

export class Channel extends StandIn {
  /** The request that it has now, or had last. */
  incoming: Incoming | undefined
  readonly #link: ChannelLink
  #id = 0
  #headSent = false

  constructor(link: ChannelLink, transport: Socket, peer: Addr) {
    super(transport, peer)
    this.#link = link
  }

  /** The next response is a request's. */
  begin(id: number): void {
    this.#id = id
    this.#headSent = false
  }

  /** The response is complete. */
  complete(): void {
    const id = this.#id
    if (id === 0) return
    this.#id = 0
    this.#link.finished(id)
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    const taken = (): void => {
      this.progressed()
      callback()
    }
    if (this.#headSent) {
      this.#link.output(this.#id, chunk, taken)
      return
    }
    // node:http writes a head whole.
    this.#headSent = true
    const end = chunk.indexOf(END_OF_HEAD)
    const head = Buffer.from(cgiHead(chunk.toString('latin1', 0, end)), 'latin1')
    const body = chunk.subarray(end + END_OF_HEAD.length)
    this.#link.output(this.#id, body.length === 0 ? head : Buffer.concat([head, body]), taken)
  }

  override _final(callback: () => void): void {
    this.complete()
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const id = this.#id
    this.#id = 0
    if (id !== 0) this.#link.aborted(id)
    super._destroy(error, callback)
  }
}
