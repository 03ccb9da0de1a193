/**
 * A store that lives elsewhere, reached over a channel; when that is lost, over the next one.
 * @module
 */
import { type ErrorRecord, fromErrorRecord, SocketError } from '../errors.ts'
import { Link } from '../link/link.ts'
import type { Channel } from '../link/transport.ts'
import { EncodedStore } from './encoded-store.ts'
import { FROM_STORE, STORE_VERSION, TO_STORE } from './operations.ts'
import type { EntryPosition, StoreBack } from './store.ts'

/** Calls that may wait for an answer. */
const MAX_PENDING = 65_536
/** Bytes of those calls, exceeded by one call at most. */
const MAX_PENDING_BYTES = 64 * 2 ** 20

export interface RemoteStoreOptions {
  /** Gets what the listeners of channels throw, and why a store was given up that sent what cannot be read. */
  onError: (error: Error) => void
}

interface PendingCall {
  readonly size: number
  resolve(result: unknown): void
  reject(error: Error): void
}

export class RemoteStore extends EncodedStore {
  readonly outlivesWorker = true
  readonly #onError: (error: Error) => void
  readonly #lostListeners = new Set<(reason: Error) => void>()
  readonly #backListeners = new Set<(back: StoreBack) => void>()
  readonly #pending = new Map<number, PendingCall>()
  #pendingBytes = 0
  #sequence = 0
  #link: Link | undefined
  /** Bytes that were dealt with and not told, and how many are told at once. */
  #consumed = 0
  #creditBytes = 0
  /** The store that the user knows of. */
  #storeId: string | undefined
  /** The user was told so, and not yet that it is back. */
  #lost = false
  #disposed = false
  /** Why there will be no store any more. */
  #givenUp: Error | undefined

  constructor({ onError }: RemoteStoreOptions) {
    super(onError)
    this.#onError = onError
  }

  /** True while there is a channel; calls made meanwhile are sent at once. */
  get attached(): boolean {
    return this.#link !== undefined
  }

  /** Speaks to a store over a channel, from the first message on. Lets go of the channel before. */
  attach(channel: Channel): void {
    if (this.#disposed) {
      channel.close()
      return
    }
    this.detach(new Error('another store takes its place'))
    this.#consumed = 0
    const link: Link = new Link(
      channel,
      (op, sequence, size, a, b, c, d, e) => {
        if (this.#link === link) this.#receive(link, op, sequence, size, a, b, c, d, e)
      },
      error => {
        if (this.#link !== link) return
        this.#onError(error as Error)
        this.#lose(error as Error)
      },
    )
    this.#link = link
  }

  /** The store is lost: what it answered still counts, what else waits rejects. */
  detach(reason: Error): void {
    const link = this.#link
    link?.drain()
    if (link && this.#link === link) this.#lose(reason)
  }

  /** No store comes back: from now on calls reject with the reason. */
  giveUp(reason: Error): void {
    this.#givenUp = reason
    this.#link?.drain()
    this.#lose(reason)
  }

  onLost(listener: (reason: Error) => void): () => void {
    this.#lostListeners.add(listener)
    return () => void this.#lostListeners.delete(listener)
  }

  onBack(listener: (back: StoreBack) => void): () => void {
    this.#backListeners.add(listener)
    return () => void this.#backListeners.delete(listener)
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    this.subscriptions.clear()
    this.#lostListeners.clear()
    this.#backListeners.clear()
    this.#link?.flush()
    this.#letGo(disposed())
  }

  protected run(op: number, fields: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#disposed) throw disposed()
      if (this.#givenUp) throw goneForGood(this.#givenUp)
      const link = this.#link
      if (!link) throw new SocketError('EPLUGIN', 'the store is lost and not back yet')
      if (this.#pending.size >= MAX_PENDING || this.#pendingBytes >= MAX_PENDING_BYTES)
        throw new SocketError('ENOBUFS', `${this.#pending.size} calls wait for the store`)
      this.#sequence = (this.#sequence + 1) >>> 0
      const [a, b, c, d, e, f] = fields
      const size = link.frame(op, this.#sequence, fields.length, a, b, c, d, e, f)
      this.#pending.set(this.#sequence, { size, resolve, reject })
      this.#pendingBytes += size
    })
  }

  #receive(
    link: Link,
    op: number,
    sequence: number,
    size: number,
    a: unknown,
    b: unknown,
    c: unknown,
    d: unknown,
    e: unknown,
  ): void {
    switch (op) {
      case FROM_STORE.RESULT:
        this.#settled(sequence)?.resolve(a)
        return this.#credit(link, size)
      case FROM_STORE.FAIL:
        this.#settled(sequence)?.reject(fromErrorRecord(a as ErrorRecord))
        return this.#credit(link, size)
      case FROM_STORE.EVENT: {
        const entry = c === undefined ? undefined : ({ epoch: c, offset: d, time: e } as EntryPosition)
        const slow = this.subscriptions.deliver(a as string, b as Uint8Array, entry)
        if (slow) void slow.then(() => this.#credit(link, size))
        else this.#credit(link, size)
        return
      }
      case FROM_STORE.MISSED:
        return this.subscriptions.missed(a as string, b as number)
      case FROM_STORE.HELLO:
        if (a !== STORE_VERSION)
          throw new SocketError('EPROTO', `the store speaks version ${a}, this worker ${STORE_VERSION}`)
        this.#creditBytes = c as number
        return this.#greeted(link, b as string)
      default:
        throw new SocketError('EPROTO', `op ${op} of a store is unknown`)
    }
  }

  #greeted(link: Link, storeId: string): void {
    if (!this.#lost) {
      this.#storeId = storeId
      return
    }
    void this.subscriptions.renew().then(() => {
      if (this.#link !== link) return
      const back: StoreBack = { kept: storeId === this.#storeId }
      this.#storeId = storeId
      this.#lost = false
      this.#tell(this.#backListeners, back)
    })
  }

  #settled(sequence: number): PendingCall | undefined {
    const call = this.#pending.get(sequence)
    if (call) {
      this.#pending.delete(sequence)
      this.#pendingBytes -= call.size
    }
    return call
  }

  #credit(link: Link, size: number): void {
    if (this.#link !== link) return
    this.#consumed += size
    if (this.#consumed < this.#creditBytes) return
    link.frame(TO_STORE.CREDIT, 0, 1, this.#consumed)
    this.#consumed = 0
  }

  #lose(reason: Error): void {
    const message = `the store was lost: ${reason.message}; whether the call was done is not known`
    this.#letGo(new SocketError('EPLUGIN', message, { cause: reason }))
    if (this.#lost) return
    this.#lost = true
    this.#tell(this.#lostListeners, reason)
  }

  #letGo(error: Error): void {
    this.#link?.close()
    this.#link = undefined
    const calls = [...this.#pending.values()]
    this.#pending.clear()
    this.#pendingBytes = 0
    for (const call of calls) call.reject(error)
  }

  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) {
      try {
        listener(value)
      } catch (error) {
        this.#onError(error as Error)
      }
    }
  }
}

function disposed(): SocketError {
  return new SocketError('ECLOSED', 'the store is disposed')
}

function goneForGood(reason: Error): SocketError {
  const message = `the store is lost and does not come back: ${reason.message}`
  return new SocketError('EPLUGIN', message, { cause: reason, retryable: false })
}
