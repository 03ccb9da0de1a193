/**
 * The sending direction of a compressed stream.
 * @module
 */
import type { Deflate, ZstdCompress } from 'node:zlib'
import { CompressionError } from './error.ts'
import { type CompressionSettings, createCompressor } from './settings.ts'

export interface DeflateHandlers {
  onData(chunk: Buffer): void
  /** The library failed. Nothing follows. */
  onError(error: CompressionError): void
  /** `write` said false, and all that was written has been compressed since. */
  onDrain?(): void
}

/** Plain bytes that may wait before `write` says false. */
const HIGH_WATER = 256 * 1024

/**
 * Compresses what is written, in order. What is written within one turn of the loop is compressed and flushed
 * together (each flush costs a hop to the thread pool and some bytes), and so is what comes while that runs.
 */
export class Deflater implements Disposable {
  readonly #handlers: DeflateHandlers
  readonly #stream: Deflate | ZstdCompress
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #busy = false
  #turn: NodeJS.Immediate | undefined
  #needDrain = false
  #closed = false
  #finishing: PromiseWithResolvers<void> | undefined

  /** @throws {CompressionError} `ENOTSUP` or `EINVAL` for the settings. */
  constructor(settings: CompressionSettings, handlers: DeflateHandlers) {
    this.#handlers = handlers
    this.#stream = createCompressor(settings)
    this.#stream.on('data', (chunk: Buffer) => {
      if (!this.#closed) handlers.onData(chunk)
    })
    this.#stream.on('end', () => this.destroy())
    this.#stream.on('error', (error: Error) => this.#fail(error))
  }

  /** False once enough waits: better to write on only after `onDrain`. Bytes are taken, not copied. */
  write(data: string | Uint8Array): boolean {
    if (this.#closed || this.#finishing || data.length === 0) return true
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    this.#waiting.push(bytes)
    this.#waitingBytes += bytes.byteLength
    if (!this.#busy) this.#turn ??= setImmediate(() => this.flush())
    this.#needDrain ||= this.#waitingBytes >= HIGH_WATER
    return !this.#needDrain
  }

  /** Compresses what was written now, instead of at the end of the turn. */
  flush(): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
    if (this.#busy || this.#closed) return
    const batch = this.#waiting.length === 1 ? this.#waiting[0]! : Buffer.concat(this.#waiting)
    if (batch.byteLength === 0) {
      if (this.#finishing) this.#stream.end()
      return
    }
    this.#waiting = []
    this.#busy = true
    this.#stream.write(batch, () => this.#flushed(batch.byteLength))
  }

  /** Ends the stream: what was written, and the end mark after which the peer takes bytes as plain again. */
  finish(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#finishing ??= Promise.withResolvers()
    this.flush()
    return this.#finishing.promise
  }

  /** Frees the memory; no handler is called any more. A `finish` that waits resolves. */
  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    clearImmediate(this.#turn)
    this.#waiting.length = 0
    this.#stream.destroy()
    this.#finishing?.resolve()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  #flushed(bytes: number): void {
    if (this.#closed) return
    this.#busy = false
    this.#waitingBytes -= bytes
    this.flush()
    if (!this.#needDrain || this.#waitingBytes > 0) return
    this.#needDrain = false
    this.#handlers.onDrain?.()
  }

  #fail(error: Error): void {
    if (this.#closed) return
    this.destroy()
    this.#handlers.onError(new CompressionError('EPROTO', error.message, error))
  }
}
