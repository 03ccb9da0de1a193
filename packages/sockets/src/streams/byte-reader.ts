/**
 * Reading bytes by promise: over a Node stream's own buffer, so that its high-water mark is the read window.
 * @module
 */
import type { Readable } from 'node:stream'
import { SocketsError } from '../errors.ts'

export interface ReadOptions {
  signal?: AbortSignal | undefined
}

export interface ReadUntilOptions extends ReadOptions {
  /** Keeps the delimiter at the end of what is returned. @default true */
  keep?: boolean | undefined
  /** Bytes after which a delimiter that has not come is an error. @default 65536 */
  limit?: number | undefined
}

const EMPTY: Buffer = Buffer.alloc(0)
const LINE_LIMIT = 65_536

export class ByteReader {
  readonly #stream: Readable
  /** Why the stream is over, when it did not end in order. */
  readonly #failure: () => Error | undefined
  /** Reads are served in the order they were asked. */
  #turn: Promise<unknown> = Promise.resolve()
  #wake: (() => void) | undefined
  readonly #stir = (): void => this.#wake?.()

  constructor(stream: Readable, failure: () => Error | undefined) {
    this.#stream = stream
    this.#failure = failure
    for (const event of ['readable', 'end', 'close']) stream.on(event, this.#stir)
  }

  /** Lets go of the stream; what is in its buffer stays there. */
  detach(): void {
    for (const event of ['readable', 'end', 'close']) this.#stream.off(event, this.#stir)
  }

  /** Bytes that can be read at once. */
  get available(): number {
    return this.#stream.readableLength
  }

  /** Up to `size` bytes, waiting for all of them or the end. */
  read(size: number, options?: ReadOptions): Promise<Buffer> {
    return this.#next(() => this.#take(size, options))
  }

  /** Everything up to the end. */
  readAll(options?: ReadOptions): Promise<Buffer> {
    return this.#next(async () => {
      const chunks: Buffer[] = []
      for (let chunk = await this.#some(options); chunk; chunk = await this.#some(options)) chunks.push(chunk)
      return Buffer.concat(chunks)
    })
  }

  readExactly(size: number, options?: ReadOptions): Promise<Buffer> {
    return this.#next(async () => {
      const bytes = await this.#take(size, options)
      if (bytes.length === size) return bytes
      this.#putBack(bytes)
      throw new SocketsError(
        'ERR_UNEXPECTED_EOF',
        `the stream ended after ${bytes.length} of ${size} bytes`,
        {
          operation: 'read',
        },
      )
    })
  }

  /** What is there, waiting for at least one byte; empty at the end. */
  readAvailable(options?: ReadOptions): Promise<Buffer> {
    return this.#next(async () => (await this.#some(options)) ?? EMPTY)
  }

  /** Up to and with the delimiter, or up to the end. */
  readUntil(
    delimiter: Uint8Array,
    { keep = true, limit = LINE_LIMIT, signal }: ReadUntilOptions,
  ): Promise<Buffer> {
    return this.#next(async () => {
      let seen: Buffer = EMPTY
      for (;;) {
        let chunk: Buffer | undefined
        try {
          chunk = await this.#some({ signal })
        } catch (error) {
          this.#putBack(seen)
          throw error
        }
        if (!chunk) return seen
        const from = Math.max(0, seen.length - delimiter.length + 1)
        seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
        const at = seen.indexOf(delimiter, from)
        const end = at + delimiter.length
        if (at < 0 ? seen.length > limit : end > limit) {
          this.#putBack(seen)
          throw new SocketsError('ERR_TOO_LONG', `no delimiter within ${limit} bytes`, {
            operation: 'readUntil',
          })
        }
        if (at < 0) continue
        this.#putBack(seen.subarray(end))
        return seen.subarray(0, keep ? end : at)
      }
    })
  }

  /** The next bytes without taking them: `size`, or fewer before the end. */
  peek(size: number, options?: ReadOptions): Promise<Buffer> {
    return this.#next(async () => {
      const bytes = await this.#take(size, options)
      this.#putBack(bytes)
      return bytes
    })
  }

  /** Reads over so many bytes; resolves with how many there were before the end. */
  skip(count: number, options?: ReadOptions): Promise<number> {
    return this.#next(async () => {
      let left = count
      while (left > 0) {
        const chunk = await this.#some(options)
        if (!chunk) break
        this.#putBack(chunk.subarray(left))
        left -= Math.min(left, chunk.length)
      }
      return count - left
    })
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work)
    this.#turn = turn
    return turn
  }

  async #take(size: number, options: ReadOptions | undefined): Promise<Buffer> {
    if (size === 0) return EMPTY
    for (;;) {
      const chunk: Buffer | null = this.#stream.read(size)
      if (chunk) return chunk
      if (!(await this.#more(options))) return EMPTY
    }
  }

  async #some(options: ReadOptions | undefined): Promise<Buffer | undefined> {
    for (;;) {
      const chunk: Buffer | null = this.#stream.read()
      if (chunk) return chunk
      if (!(await this.#more(options))) return undefined
    }
  }

  /** Waits for more; false at the end. */
  async #more(options: ReadOptions | undefined): Promise<boolean> {
    const stream = this.#stream
    const signal = options?.signal
    if (!stream.readableEnded && !stream.destroyed) {
      signal?.throwIfAborted()
      await new Promise<void>(resolve => {
        this.#wake = resolve
        signal?.addEventListener('abort', this.#stir)
      })
      this.#wake = undefined
      signal?.removeEventListener('abort', this.#stir)
      signal?.throwIfAborted()
    }
    if (stream.readableEnded) return false
    if (stream.destroyed)
      throw this.#failure() ?? new SocketsError('ERR_SOCKET_CLOSED', undefined, { operation: 'read' })
    return true
  }

  #putBack(bytes: Buffer): void {
    if (bytes.length > 0) this.#stream.unshift(bytes)
  }
}
