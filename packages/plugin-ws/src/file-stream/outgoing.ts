/**
 * A file that is sent.
 * @module
 */
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { SocketError } from '@unisock/kernel/plugin'
import { type Peer, readFully } from './peer.ts'
import { openToRead } from './root.ts'
import { StreamSource } from './stream-source.ts'
import type { FileWire } from './wire.ts'

export class Outgoing {
  readonly id: number
  readonly file: FileWire
  /** What the program gives piece by piece; undefined for what can be read again. */
  readonly stream: StreamSource | undefined
  /** The peer's question that it answers. */
  readonly ref: number | undefined
  /** Undefined until it is known. */
  size: number | undefined
  digest: string | undefined
  /** The receiver was told that it is done. */
  sent = false
  readonly #data: Buffer | undefined
  #handle: FileHandle | undefined
  /** Counts the connections that it was offered on: what belongs to an older one is over. */
  #round = 0
  #accepted = false

  constructor(id: number, file: FileWire, ref?: number) {
    this.id = id
    this.file = file
    this.ref = ref
    this.stream = file.stream === undefined ? undefined : new StreamSource()
    if (file.data !== undefined) this.#data = Buffer.from(file.data)
  }

  /** Bytes that it holds in memory. */
  get held(): number {
    return this.#data?.length ?? this.stream?.held ?? 0
  }

  /** Offers it to a peer. False: it was stopped meanwhile. @throws {SocketError} as {@link openToRead}. */
  async offer(peer: Peer): Promise<boolean> {
    const round = ++this.#round
    const { name, type, path } = this.file
    let handle: FileHandle | undefined
    if (this.stream) this.size = this.file.size
    else if (this.#data) this.size = this.#data.length
    else {
      handle = await openToRead(peer.settings.root, path!)
      this.size = (await handle.stat()).size
    }
    if (round !== this.#round) {
      await handle?.close()
      return false
    }
    this.#handle = handle
    this.#accepted = false
    this.sent = false
    peer.tell({
      op: 'offer',
      id: this.id,
      name,
      ...(this.size !== undefined && { size: this.size }),
      ...(type !== undefined && { type }),
      ...(this.ref !== undefined && { ref: this.ref }),
    })
    return true
  }

  /**
   * Sends what the receiver lacks. Resolves when all is sent or it was stopped.
   *
   * @throws {SocketError} `EPROTO` for a file that shrinks, or is accepted twice; the system's.
   */
  async send(
    peer: Peer,
    offset: number,
    digest: string | undefined,
    onProgress: (offset: number) => void,
  ): Promise<void> {
    if (this.#accepted) throw new SocketError('EPROTO', 'it was accepted before')
    this.#accepted = true
    const round = this.#round
    const goesOn = (): boolean => round === this.#round
    const hash = peer.settings.digest ? createHash('sha256') : undefined
    if (this.stream) await this.#pour(this.stream, peer, hash, goesOn, onProgress)
    else await this.#copy(peer, hash, { offset, digest }, goesOn, onProgress)
  }

  /** Sends what the program gives as it comes. */
  async #pour(
    stream: StreamSource,
    peer: Peer,
    hash: Hash | undefined,
    goesOn: () => boolean,
    onProgress: (offset: number) => void,
  ): Promise<void> {
    peer.tell({ op: 'start', id: this.id, offset: 0 })
    let from = 0
    for (;;) {
      const bytes = await stream.next(peer.settings.chunk)
      if (!goesOn()) return
      if (!bytes) break
      if (from + bytes.length > (this.size ?? Number.MAX_SAFE_INTEGER)) break
      hash?.update(bytes)
      await peer.sendChunk(this.id, from, bytes)
      if (!goesOn()) return
      from += bytes.length
      peer.onSent()
      onProgress(from)
    }
    this.size ??= from
    if (from !== this.size) throw new SocketError('EPROTO', 'it is not as long as it was said to be')
    this.#done(peer, hash, from)
  }

  /** Sends what the receiver lacks of something that can be read at any place. */
  async #copy(
    peer: Peer,
    digesting: Hash | undefined,
    { offset, digest }: { offset: number; digest: string | undefined },
    goesOn: () => boolean,
    onProgress: (offset: number) => void,
  ): Promise<void> {
    const { chunk } = peer.settings
    const size = this.size!
    let hash = digesting
    let from = Math.min(offset, size)
    if (hash && !(await this.#hashed(hash, from, chunk, goesOn))) return
    if (offset > size || (hash && digest !== undefined && hash.copy().digest('hex') !== digest)) {
      from = 0
      hash = hash && createHash('sha256')
    }
    peer.tell({ op: 'start', id: this.id, offset: from })
    while (from < size) {
      const bytes = await this.#read(from, Math.min(chunk, size - from))
      if (!goesOn()) return
      hash?.update(bytes)
      await peer.sendChunk(this.id, from, bytes)
      if (!goesOn()) return
      from += bytes.length
      onProgress(from)
    }
    this.#done(peer, hash, size)
  }

  #done(peer: Peer, hash: Hash | undefined, size: number): void {
    this.sent = true
    this.digest = hash?.digest('hex')
    peer.tell({ op: 'done', id: this.id, size, ...(this.digest && { digest: this.digest }) })
  }

  /** Nothing more of it is sent, until it is offered again. */
  stop(): void {
    this.#round++
    this.stream?.stop()
    void this.#handle?.close().catch(() => {})
    this.#handle = undefined
  }

  /** Hashes what is not sent. False: it was stopped. */
  async #hashed(hash: Hash, end: number, chunk: number, goesOn: () => boolean): Promise<boolean> {
    for (let from = 0; from < end; from += chunk) {
      hash.update(await this.#read(from, Math.min(chunk, end - from)))
      if (!goesOn()) return false
    }
    return true
  }

  async #read(from: number, length: number): Promise<Buffer> {
    if (this.#data) return this.#data.subarray(from, from + length)
    if (!this.#handle) throw new SocketError('ECANCELED', 'it was stopped')
    const bytes = await readFully(this.#handle, from, length)
    if (bytes.length < length) throw new SocketError('EPROTO', 'the file has shrunk while it was sent')
    return bytes
  }
}
