/**
 * A loop as other threads see it.
 * @module
 */
import { threadId } from 'node:worker_threads'
import { SharedDualQueue, type SharedDualQueueDescriptor } from '@unisock/queue'
import { SocketsError, type SocketsErrorCode } from '../errors.ts'
import { type DeferredFunctions, deferNamed } from './deferred.ts'
import type { Loop } from './loop.ts'

/** Plain data that can be posted to any thread of the process. */
export interface LoopHandleDescriptor {
  readonly id: string
  readonly threadId: number
  /** One 32-bit word: 1 while the loop runs. */
  readonly running: SharedArrayBuffer
  readonly queue: SharedDualQueueDescriptor
}

/** A thread's own loops, by the loop's id. */
export const ownLoops = new Map<string, DeferredFunctions<Loop<any>>>()

/**
 * May be posted: the receiving thread makes it whole again by {@link LoopHandle.from}. It does not keep its loop's
 * thread alive.
 */
export class LoopHandle<T = undefined> {
  readonly descriptor: LoopHandleDescriptor
  readonly #running: Int32Array<SharedArrayBuffer>
  readonly #queue: SharedDualQueue

  private constructor(descriptor: LoopHandleDescriptor) {
    this.descriptor = descriptor
    this.#running = new Int32Array(descriptor.running)
    this.#queue = SharedDualQueue.from(descriptor.queue)
  }

  /** From a handle, from its descriptor, or from what either became by being posted. */
  static from<T = undefined>(
    posted: LoopHandleDescriptor | { readonly descriptor: LoopHandleDescriptor },
  ): LoopHandle<T> {
    return new LoopHandle<T>('descriptor' in posted ? posted.descriptor : posted)
  }

  /** True in the thread that made the loop. */
  isOnLoopThread(): boolean {
    return threadId === this.descriptor.threadId
  }

  isLoopRunning(): boolean {
    return Atomics.load(this.#running, 0) === 1
  }

  /** False once the loop was disposed of. */
  isValid(): boolean {
    return !this.#queue.closed
  }

  /**
   * Has the loop call a function on its own thread: one registered there by name, from any thread, with a copy of
   * `data`; or one given directly, from the loop's own thread. Functions run in the order in which they were deferred,
   * while the loop runs; those deferred before wait for that.
   *
   * @throws {SocketsError} `ERR_LOOP_NOT_RUNNING` once the loop was disposed of, `ERR_NOT_ON_LOOP_THREAD` for a function
   * from another thread, `ERR_NOT_CLONEABLE`, `ERR_ALLOCATION_FAILED` when too much waits, `ERR_MUTEX_LOCK_FAILED`.
   */
  defer(name: string, data?: unknown): void
  defer(callback: (loop: Loop<T>) => void): void
  defer(what: string | ((loop: Loop<T>) => void), data?: unknown): void {
    if (!this.isValid()) throw failure('ERR_LOOP_NOT_RUNNING')
    if (typeof what === 'string') return deferNamed(this.#queue, what, data)
    const own = this.isOnLoopThread() ? ownLoops.get(this.descriptor.id) : undefined
    if (own === undefined) throw failure('ERR_NOT_ON_LOOP_THREAD')
    own.defer(what)
  }
}

function failure(code: SocketsErrorCode): SocketsError {
  return new SocketsError(code, undefined, { operation: 'defer' })
}
