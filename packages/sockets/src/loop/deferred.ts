/**
 * Deferred functions: how one crosses to the loop's thread, and how that thread runs them.
 *
 * All of them go through one queue, so that they run in the order in which they were deferred. A record is its kind
 * and then either what `v8.serialize` makes of `[name, data]`, or the number of a function of this thread.
 * @module
 */
import { deserialize, serialize } from 'node:v8'
import { type Drained, type QueueError, SharedDualQueue } from '@unisock/queue'
import { SocketsError, type SocketsErrorCode } from '../errors.ts'

const NAMED = 0
const CALL = 1

/** How long one drain may keep the loop from its other work. */
const YIELD_MS = 5

const CODES: Record<QueueError['code'], SocketsErrorCode> = {
  ERR_QUEUE_CLOSED: 'ERR_LOOP_NOT_RUNNING',
  ERR_QUEUE_FULL: 'ERR_ALLOCATION_FAILED',
  ERR_QUEUE_LOCK: 'ERR_MUTEX_LOCK_FAILED',
}

/** Defers a function that the loop's thread knows by name. */
export function deferNamed(queue: SharedDualQueue, name: string, data: unknown): void {
  let content: Buffer
  try {
    content = serialize([name, data])
  } catch (cause) {
    throw new SocketsError('ERR_NOT_CLONEABLE', (cause as Error).message, { operation: 'defer', cause })
  }
  const record = Buffer.allocUnsafe(1 + content.length)
  record[0] = NAMED
  content.copy(record, 1)
  push(queue, record)
}

function push(queue: SharedDualQueue, record: Uint8Array): void {
  try {
    queue.push(record)
  } catch (cause) {
    throw failure(cause)
  }
}

function failure(cause: unknown): SocketsError {
  return new SocketsError(CODES[(cause as QueueError).code], undefined, { operation: 'defer', cause })
}

/** The loop's own side of its queue. */
export class DeferredFunctions<L> {
  readonly queue: SharedDualQueue
  readonly #loop: L
  readonly #report: (error: unknown) => void
  readonly #registered = new Map<string, (loop: L, data: any) => void>()
  readonly #calls = new Map<number, (loop: L) => void>()
  #lastCall = 0
  #onEmpty: (() => void) | undefined
  #yieldAt = 0
  readonly #run = (record: Uint8Array): Drained => {
    try {
      this.#call(record)
    } catch (error) {
      this.#report(error)
    }
    if (this.#onEmpty === undefined || performance.now() > this.#yieldAt) return 'stop'
  }
  readonly #drain = (): void => {
    if (this.#onEmpty === undefined) return
    this.#yieldAt = performance.now() + YIELD_MS
    try {
      if (this.queue.drain(this.#run)) this.#onEmpty?.()
      else setImmediate(this.#drain)
    } catch (cause) {
      this.queue.close()
      this.#report(failure(cause))
    }
  }

  /** `report` gets what functions throw. */
  constructor(loop: L, maxBytes: number, report: (error: unknown) => void) {
    this.queue = SharedDualQueue.create({ maxBytes })
    this.#loop = loop
    this.#report = report
  }

  /** Returns the undo. */
  register(name: string, callback: (loop: L, data: any) => void): () => void {
    this.#registered.set(name, callback)
    return () => {
      if (this.#registered.get(name) === callback) this.#registered.delete(name)
    }
  }

  /** Defers a function of this thread. */
  defer(callback: (loop: L) => void): void {
    const call = (this.#lastCall = (this.#lastCall + 1) >>> 0)
    const record = Buffer.allocUnsafe(5)
    record[0] = CALL
    record.writeUInt32BE(call, 1)
    push(this.queue, record)
    this.#calls.set(call, callback)
  }

  /** Runs what is deferred until the undo, which is returned; `onEmpty` is called whenever nothing is left. */
  start(onEmpty: () => void): () => void {
    this.#onEmpty = onEmpty
    const stop = this.queue.listen(this.#drain)
    return () => {
      this.#onEmpty = undefined
      stop()
    }
  }

  /** Refuses and forgets everything. */
  close(): void {
    this.queue.close()
    this.#registered.clear()
    this.#calls.clear()
  }

  #call(record: Uint8Array): void {
    const content = record.subarray(1)
    if (record[0] === CALL) {
      const call = new DataView(content.buffer, content.byteOffset).getUint32(0)
      const callback = this.#calls.get(call)
      this.#calls.delete(call)
      callback?.(this.#loop)
      return
    }
    const [name, data] = deserialize(content) as [string, unknown]
    const callback = this.#registered.get(name)
    if (callback === undefined)
      throw new SocketsError('ERR_NOT_REGISTERED', `no function is registered as ${JSON.stringify(name)}`, {
        operation: 'defer',
      })
    callback(this.#loop, data)
  }
}
