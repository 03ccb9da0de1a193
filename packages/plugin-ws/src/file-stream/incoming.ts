/**
 * A file that is received: into its part, which becomes the file when it is whole.
 * @module
 */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { rename, unlink } from 'node:fs/promises'
import { SocketError } from '@unisock/kernel/plugin'
import { type Peer, readFully } from './peer.ts'
import { type Destination, destinationIn, openPart } from './root.ts'

/** Files of this worker that are being written, by their parts: the newest writer has one to itself. */
const writers = new Map<string, Incoming>()

export interface IncomingEvents {
  onProgress(offset: number): void
  onDone(size: number, digest: string | undefined): void
  onFailed(error: unknown): void
  /** A chunk of so many bytes has been written, or thrown away. */
  onWritten(bytes: number): void
}

export class Incoming {
  /** The transfer as the program knows it. */
  readonly id: number
  /** The transfer as the sender knows it. */
  readonly number: number
  readonly name: string
  /** Undefined where the sender does not know yet. */
  readonly size: number | undefined
  readonly #peer: Peer
  readonly #events: IncomingEvents
  #destination: Destination | undefined
  #handle: FileHandle | undefined
  #hash = createHash('sha256')
  #offset = 0
  #started = false
  #over = false
  /** One step after the other. */
  #steps: Promise<void> = Promise.resolve()

  constructor(
    id: number,
    offer: { id: number; name: string; size?: number },
    peer: Peer,
    events: IncomingEvents,
  ) {
    this.id = id
    this.number = offer.id
    this.name = offer.name
    this.size = offer.size
    this.#peer = peer
    this.#events = events
  }

  /** Accepts it at what is there already, of which no more than `limit` bytes are used. */
  accept(limit = Number.MAX_SAFE_INTEGER): void {
    this.#step(0, async () => {
      const { root, maxSize, chunk } = this.#peer.settings
      if ((this.size ?? 0) > maxSize) throw tooLarge(maxSize)
      const destination = await destinationIn(root, this.name)
      await writers.get(destination.part)?.leave()
      writers.set(destination.part, this)
      this.#destination = destination
      const handle = await openPart(destination.part)
      this.#handle = handle
      const end = Math.min((await handle.stat()).size, limit, this.size ?? 0)
      for (; this.#offset < end && !this.#over; ) {
        const bytes = await readFully(handle, this.#offset, Math.min(chunk, end - this.#offset))
        if (bytes.length === 0) break
        this.#hash.update(bytes)
        this.#offset += bytes.length
      }
      if (this.#over) return
      const digest = this.#offset > 0 ? this.#hash.copy().digest('hex') : undefined
      this.#peer.tell({ op: 'accept', id: this.number, offset: this.#offset, ...(digest && { digest }) })
    })
  }

  /** The sender's word on where it begins. */
  start(offset: number): void {
    this.#step(0, async () => {
      if (this.#started || (offset !== 0 && offset !== this.#offset))
        throw new SocketError('EPROTO', 'it starts where it was not accepted')
      this.#started = true
      if (offset !== this.#offset) this.#hash = createHash('sha256')
      this.#offset = offset
      await this.#handle!.truncate(offset)
    })
  }

  write(offset: number, bytes: Buffer): void {
    this.#step(bytes.length, async () => {
      const { maxSize } = this.#peer.settings
      if (
        !this.#started ||
        offset !== this.#offset ||
        offset + bytes.length > (this.size ?? Number.MAX_SAFE_INTEGER)
      )
        throw new SocketError('EPROTO', 'a chunk is not the next one')
      if (offset + bytes.length > maxSize) throw tooLarge(maxSize)
      this.#hash.update(bytes)
      for (let from = 0; from < bytes.length; ) {
        const { bytesWritten } = await this.#handle!.write(bytes, from, bytes.length - from, offset + from)
        from += bytesWritten
      }
      this.#offset += bytes.length
      this.#events.onProgress(this.#offset)
    })
  }

  finish(size: number, digest: string | undefined): void {
    this.#step(0, async () => {
      if (!this.#started || size !== (this.size ?? size) || this.#offset !== size)
        throw new SocketError('EPROTO', 'it is done before it is whole')
      const found = this.#hash.digest('hex')
      const { path, part } = this.#destination!
      if (digest !== undefined && found !== digest) {
        await unlink(part)
        throw new SocketError('EPROTO', 'its digest is wrong')
      }
      await this.#handle!.sync()
      await rename(part, path)
      this.#over = true
      await this.#release()
      this.#peer.tell({ op: 'received', id: this.number })
      this.#events.onDone(size, digest)
    })
  }

  /** Writes what has come, and then no more; what is there stays for another time. */
  stop(): Promise<void> {
    this.#steps = this.#steps.then(async () => {
      this.#over = true
      await this.#release()
    })
    return this.#steps
  }

  /** Makes room for another that writes the same file. */
  leave(): Promise<void> {
    this.#step(0, () => Promise.reject(new SocketError('ECANCELED', 'another transfer writes this file')))
    return this.#steps
  }

  #step(bytes: number, run: () => Promise<void>): void {
    this.#steps = this.#steps.then(async () => {
      try {
        if (!this.#over) await run()
      } catch (error) {
        this.#over = true
        await this.#release()
        this.#events.onFailed(error)
      } finally {
        if (bytes > 0) this.#events.onWritten(bytes)
      }
    })
  }

  async #release(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    const part = this.#destination?.part
    if (part !== undefined && writers.get(part) === this) writers.delete(part)
    await handle?.close().catch(() => {})
  }
}

function tooLarge(maxSize: number): SocketError {
  return new SocketError('EMSGSIZE', `files have ${maxSize} bytes at most`)
}
