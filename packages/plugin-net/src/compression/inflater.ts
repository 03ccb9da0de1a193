/**
 * The receiving direction of a compressed stream.
 * @module
 */
import type { Inflate, ZstdDecompress } from 'node:zlib'
import { CompressionError } from './error.ts'
import {
  createDecompressor,
  DEFAULT_MAX_OUTPUT,
  DEFAULT_MAX_RATIO,
  type InflateSettings,
} from './settings.ts'

export interface InflateHandlers {
  onData(chunk: Buffer): void
  /** The stream is broken or a bomb. Nothing follows. */
  onError(error: CompressionError): void
  /**
   * All output was given out. `rest` is what came after the end of the compressed stream: plain bytes. Nothing follows.
   * With zstd bytes behind the end are an error, or `rest`, by Node's version.
   */
  onEnd(rest: Buffer): void
  /** `write` said false, and all that was written has been taken in since. */
  onDrain?(): void
}

/** Output below which no ratio is a bomb. */
const RATIO_FLOOR = 1024 * 1024
/** Compressed bytes that may wait before `write` says false. */
const HIGH_WATER = 64 * 1024

/**
 * Decompresses what is written, chunk by chunk and in order. Memory stays bounded: zlib works one chunk at a time, in
 * pieces of 16 KiB, and no further while paused; output is counted here, as zlib's own `maxOutputLength` holds for its
 * one-shot functions only.
 */
export class Inflater implements Disposable {
  readonly #handlers: InflateHandlers
  readonly #stream: Inflate | ZstdDecompress
  readonly #maxOutput: number
  readonly #maxRatio: number
  readonly #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #current: Uint8Array | undefined
  #taken = 0
  #given = 0
  #givenOfChunk = 0
  #needDrain = false
  #ending = false
  #closed = false

  /** @throws {CompressionError} `ENOTSUP` or `EINVAL` for the settings. */
  constructor(settings: InflateSettings, handlers: InflateHandlers) {
    this.#handlers = handlers
    this.#maxOutput = settings.maxOutput ?? DEFAULT_MAX_OUTPUT
    this.#maxRatio = settings.maxRatio ?? DEFAULT_MAX_RATIO
    this.#stream = createDecompressor(settings)
    this.#stream.on('data', (chunk: Buffer) => this.#output(chunk))
    this.#stream.on('end', () => this.#end(this.#rest()))
    this.#stream.on('error', (error: Error) =>
      this.#fail(new CompressionError('EPROTO', error.message, error)),
    )
  }

  /** False once enough waits: better to write on only after `onDrain`. The bytes are taken, not copied. */
  write(chunk: Uint8Array): boolean {
    if (this.#closed || chunk.byteLength === 0) return true
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.byteLength
    this.#next()
    this.#needDrain ||= this.#waitingBytes >= HIGH_WATER
    return !this.#needDrain
  }

  /** No output until `resume`; input then waits, so that `write` says false in time. */
  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  /** No more input comes. `onEnd` follows when all that was written is through. */
  end(): void {
    this.#ending = true
    this.#next()
  }

  /** Frees the memory; no handler is called any more. */
  destroy(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting.length = 0
    this.#stream.destroy()
  }

  [Symbol.dispose](): void {
    this.destroy()
  }

  #next(): void {
    if (this.#current || this.#closed) return
    const chunk = this.#waiting.shift()
    if (!chunk) {
      if (this.#ending) this.#stream.end()
      return
    }
    this.#current = chunk
    this.#givenOfChunk = 0
    this.#stream.write(chunk, () => this.#written(chunk))
  }

  #written(chunk: Uint8Array): void {
    if (this.#closed || this.#stream.bytesWritten < this.#taken + chunk.byteLength) return
    this.#current = undefined
    this.#taken += chunk.byteLength
    this.#waitingBytes -= chunk.byteLength
    this.#next()
    if (!this.#needDrain || this.#waitingBytes > 0 || this.#closed) return
    this.#needDrain = false
    this.#handlers.onDrain?.()
  }

  #output(chunk: Buffer): void {
    if (this.#closed) return
    this.#given += chunk.byteLength
    this.#givenOfChunk += chunk.byteLength
    const input = this.#taken + (this.#current?.byteLength ?? 0)
    if (this.#givenOfChunk > this.#maxOutput)
      return this.#fail(
        new CompressionError('EPROTO', `a chunk decompresses to over ${this.#maxOutput} bytes`),
      )
    if (this.#given > RATIO_FLOOR && this.#given > input * this.#maxRatio)
      return this.#fail(
        new CompressionError('EPROTO', `the stream decompresses to over ${this.#maxRatio} times its size`),
      )
    this.#handlers.onData(chunk)
  }

  /** What zlib left of the chunk in which its stream ended, and all behind it. */
  #rest(): Buffer {
    const left = this.#current?.subarray(this.#stream.bytesWritten - this.#taken)
    return Buffer.concat(left ? [left, ...this.#waiting] : this.#waiting)
  }

  #end(rest: Buffer): void {
    if (this.#closed) return
    this.destroy()
    this.#handlers.onEnd(rest)
  }

  #fail(error: CompressionError): void {
    if (this.#closed) return
    this.destroy()
    this.#handlers.onError(error)
  }
}
