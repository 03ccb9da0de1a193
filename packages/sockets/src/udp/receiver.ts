/**
 * Reading datagrams one by one.
 * @module
 */
import type { RawDatagram } from './datagram.ts'
import type { DatagramQueue } from './datagram-queue.ts'

interface Reader {
  resolve(item: RawDatagram): void
  reject(error: unknown): void
}

/** Hands datagrams to waiting readers, in order; those without a reader wait in the queue. */
export class Receiver {
  readonly queue: DatagramQueue
  readonly #readers = new Set<Reader>()
  #error: Error | undefined

  constructor(queue: DatagramQueue) {
    this.queue = queue
  }

  /** @throws what failed since the last read; the signal's reason once it is aborted. */
  async next(signal?: AbortSignal): Promise<RawDatagram> {
    signal?.throwIfAborted()
    const queued = this.take()
    if (queued !== undefined) return queued
    const { promise, resolve, reject } = Promise.withResolvers<RawDatagram>()
    const reader = { resolve, reject }
    this.#readers.add(reader)
    if (signal === undefined) return promise
    const abort = (): void => {
      this.#readers.delete(reader)
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  /** The oldest datagram that waits. @throws what failed since the last read, once all before it is taken. */
  take(): RawDatagram | undefined {
    const queued = this.queue.shift()
    if (queued !== undefined || this.#error === undefined) return queued
    const error = this.#error
    this.#error = undefined
    throw error
  }

  deliver(item: RawDatagram): void {
    const reader = this.#first()
    if (reader === undefined) this.queue.push(item)
    else reader.resolve(item)
  }

  /** @returns whether a reader was waiting for it. */
  fail(error: Error): boolean {
    const reader = this.#first()
    reader?.reject(error)
    return reader !== undefined
  }

  /** Keeps the error for the next read, as a socket's pending error (SO_ERROR) is. */
  keep(error: Error): void {
    this.#error ??= error
  }

  /** All readers fail, and what waits is dropped. */
  close(error: Error): void {
    for (const reader of this.#readers) reader.reject(error)
    this.#readers.clear()
    this.queue.clear()
  }

  #first(): Reader | undefined {
    for (const reader of this.#readers) {
      this.#readers.delete(reader)
      return reader
    }
    return undefined
  }
}
