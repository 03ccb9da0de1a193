/**
 * One file of a form on its way to the disk.
 * @module
 */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { temporaryName } from './folder.ts'
import type { PartHead } from './part-head.ts'
import type { FileWire } from './wire.ts'

/** Bytes that are on their way to the disk before the client has to wait. */
const HIGH_WATER = 128 * 1024

export class FileWriter {
  readonly path: string
  readonly #head: PartHead
  readonly #hash = createHash('sha256')
  readonly #closed = Promise.withResolvers<void>()
  readonly #stream
  // A stream's own `drain` comes when nothing is left to write: the disk would wait for the client then.
  readonly #written: () => void
  #size = 0

  /** @param onError What the disk says. */
  constructor(dir: string, head: PartHead, onDrain: () => void, onError: (error: Error) => void) {
    this.path = join(dir, temporaryName())
    this.#written = () => {
      if (!this.#isFull) onDrain()
    }
    this.#head = head
    this.#stream = createWriteStream(this.path, { flags: 'wx', mode: 0o600, highWaterMark: HIGH_WATER })
      .on('error', onError)
      .on('close', () => this.#closed.resolve())
  }

  get size(): number {
    return this.#size
  }

  /** False: wait for the disk. */
  write(data: Buffer): boolean {
    this.#size += data.length
    this.#hash.update(data)
    this.#stream.write(data, this.#written)
    return !this.#isFull
  }

  get #isFull(): boolean {
    return this.#size - this.#stream.bytesWritten >= HIGH_WATER
  }

  /** Resolves when the file is written and closed, or has failed. */
  end(): Promise<void> {
    this.#stream.end()
    return this.#closed.promise
  }

  /** What crosses of it, once it is written. */
  wire(): FileWire {
    const { name, filename = '', type } = this.#head
    return { name, filename, type, size: this.#size, digest: this.#hash.digest('hex'), path: this.path }
  }

  /** Takes it off the disk again, unless somebody has moved it. */
  async discard(): Promise<void> {
    this.#stream.destroy()
    await this.#closed.promise
    await unlink(this.path).catch(() => {})
  }
}
