/**
 * A queue of byte records from any threads to one.
 *
 * The reader sleeps on `Atomics.waitAsync`, so a push costs no message and no wake-up while it is busy. A sleeping
 * reader does not keep its thread alive.
 * @module
 */
import type { Drained } from './dual-queue.ts'
import { QueueError } from './errors.ts'
import { lock, unlock } from './lock.ts'

/** What another thread needs to use the queue: plain data that can be posted. */
export interface SharedDualQueueDescriptor {
  readonly words: SharedArrayBuffer
  readonly buffers: readonly [SharedArrayBuffer, SharedArrayBuffer]
}

export interface SharedDualQueueOptions {
  /** Bytes each of the two buffers begins with. @default 4096 */
  initialBytes?: number
  /** Bytes a buffer may grow to: what can be waiting, four bytes a record included. @default 16777216 */
  maxBytes?: number
}

const LOCK = 0
const SLEEPING = 1
const FILLING = 2
/** The number of bytes in the first buffer; the second's is beside it. */
const FILLED = 3
const CLOSED = 5
const WORDS = 6

const PREFIX_BYTES = 4

export class SharedDualQueue {
  readonly descriptor: SharedDualQueueDescriptor
  readonly #words: Int32Array<SharedArrayBuffer>
  readonly #bytes: readonly [Uint8Array, Uint8Array]
  readonly #lengths: readonly [DataView, DataView]
  #reading = 0
  #next = 0
  #end = 0
  #active = false
  #asleep = false
  #wake: (() => void) | undefined

  private constructor(descriptor: SharedDualQueueDescriptor) {
    const [first, second] = descriptor.buffers
    this.descriptor = descriptor
    this.#words = new Int32Array(descriptor.words)
    this.#bytes = [new Uint8Array(first), new Uint8Array(second)]
    this.#lengths = [new DataView(first), new DataView(second)]
  }

  static create(options: SharedDualQueueOptions = {}): SharedDualQueue {
    const { initialBytes = 4096, maxBytes = 2 ** 24 } = options
    const buffer = (): SharedArrayBuffer =>
      new SharedArrayBuffer(Math.min(initialBytes, maxBytes), { maxByteLength: maxBytes })
    const words = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)
    return new SharedDualQueue({ words, buffers: [buffer(), buffer()] })
  }

  static from(descriptor: SharedDualQueueDescriptor): SharedDualQueue {
    return new SharedDualQueue(descriptor)
  }

  /** True when no record waits to be read. For the reader. */
  get empty(): boolean {
    return this.#next === this.#end && this.#waiting === 0
  }

  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1
  }

  /**
   * Copies a record in, and wakes the reader if it sleeps.
   * @throws {QueueError} `ERR_QUEUE_FULL` (always for a record that exceeds the whole buffer), `ERR_QUEUE_CLOSED`,
   * `ERR_QUEUE_LOCK`
   */
  push(record: Uint8Array): void {
    const words = this.#words
    lock(words, LOCK)
    try {
      if (words[CLOSED] === 1) throw new QueueError('ERR_QUEUE_CLOSED')
      const filling = words[FILLING] as 0 | 1
      const at = words[FILLED + filling]!
      const end = at + PREFIX_BYTES + record.byteLength
      this.#reserve(this.descriptor.buffers[filling], end)
      this.#lengths[filling].setUint32(at, record.byteLength)
      this.#bytes[filling].set(record, at + PREFIX_BYTES)
      Atomics.store(words, FILLED + filling, end)
    } finally {
      unlock(words, LOCK)
    }
    this.#rouse()
  }

  /**
   * Makes this thread the reader: `wake` is called, never within this call, when there is something to drain, and
   * not again until a drain has emptied the queue. Returns the undo.
   */
  listen(wake: () => void): () => void {
    this.#wake = wake
    this.#sleep()
    return () => {
      this.#wake = undefined
      this.#rouse()
    }
  }

  /** As {@link DualQueue.drain}; the records are copies. */
  drain(read: (record: Uint8Array) => Drained): boolean {
    if (this.#active) return false
    this.#active = true
    let stopped = false
    try {
      while (!stopped && (this.#next < this.#end || this.#swap())) {
        const reading = this.#reading as 0 | 1
        const from = this.#next + PREFIX_BYTES
        const to = from + this.#lengths[reading].getUint32(this.#next)
        const begin = this.#next
        this.#next = to
        const drained = read(this.#bytes[reading].slice(from, to))
        if (drained === 'keep') this.#next = begin
        stopped = drained !== undefined
      }
    } finally {
      this.#active = false
    }
    if (stopped && !this.empty) return false
    this.#sleep()
    return true
  }

  /** Refuses all further records; those that wait can be read. */
  close(): void {
    Atomics.store(this.#words, CLOSED, 1)
  }

  get #waiting(): number {
    return Atomics.load(this.#words, FILLED + Atomics.load(this.#words, FILLING))
  }

  #reserve(buffer: SharedArrayBuffer, bytes: number): void {
    if (bytes <= buffer.byteLength) return
    if (bytes > buffer.maxByteLength) throw new QueueError('ERR_QUEUE_FULL')
    buffer.grow(Math.min(buffer.maxByteLength, Math.max(bytes, buffer.byteLength * 2)))
  }

  #swap(): boolean {
    if (this.#waiting === 0) return false
    const words = this.#words
    lock(words, LOCK)
    this.#reading = words[FILLING]!
    this.#next = 0
    this.#end = words[FILLED + this.#reading]!
    Atomics.store(words, FILLED + 1 - this.#reading, 0)
    Atomics.store(words, FILLING, 1 - this.#reading)
    unlock(words, LOCK)
    return true
  }

  #rouse(): void {
    if (Atomics.exchange(this.#words, SLEEPING, 0) === 1) Atomics.notify(this.#words, SLEEPING)
  }

  #sleep(): void {
    if (this.#wake === undefined || this.#asleep) return
    this.#asleep = true
    Atomics.store(this.#words, SLEEPING, 1)
    if (!this.empty) Atomics.store(this.#words, SLEEPING, 0)
    const { value } = Atomics.waitAsync(this.#words, SLEEPING, 1)
    void Promise.resolve(value).then(() => {
      this.#asleep = false
      if (this.empty) this.#sleep()
      else this.#wake?.()
    })
  }
}
