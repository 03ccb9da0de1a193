/**
 * A request's streamed body on its way to the worker.
 * @module
 */
import { isUint8Array } from 'node:util/types'
import { SocketError } from '@unisock/kernel/plugin'
import type { BodySource } from '../core/reply.ts'
import { chunksOf } from '../core/stream.ts'
import { ASK, type AskChunkWire, BODY_WINDOW } from './wire.ts'

export class Upload {
  readonly #id: number
  readonly #send: (wire: AskChunkWire) => void
  readonly #chunks: ReturnType<typeof chunksOf>
  #window = BODY_WINDOW
  #granted: (() => void) | undefined
  #stopped = false

  constructor(id: number, source: BodySource, send: (wire: AskChunkWire) => void) {
    this.#id = id
    this.#send = send
    this.#chunks = chunksOf(source)
  }

  /** Sends all of it, as fast as the server takes it. @throws what the source throws */
  async run(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#chunks.next()
        if (this.#stopped) return
        if (done) return this.#send([ASK.CHUNK, this.#id, null])
        const chunk = typeof value === 'string' ? Buffer.from(value) : value
        if (!isUint8Array(chunk))
          throw new SocketError('EBADDATA', "a streamed body's chunks are strings or Uint8Arrays")
        if (chunk.length === 0) continue
        this.#send([ASK.CHUNK, this.#id, chunk])
        this.#window -= chunk.length
        if (this.#window <= 0) await new Promise<void>(resolve => (this.#granted = resolve))
        if (this.#stopped) return
      }
    } catch (error) {
      if (this.#stopped) return
      this.stop()
      throw error
    }
  }

  /** The server has taken so many bytes. */
  grant(bytes: number): void {
    this.#window += bytes
    if (this.#window > 0) this.#granted?.()
  }

  /** Nobody wants the rest: the source is released. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#chunks.stop()
    this.#granted?.()
  }
}
