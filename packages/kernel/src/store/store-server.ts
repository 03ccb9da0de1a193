/**
 * A store that several workers reach, each over its own channel.
 * @module
 */
import { SocketError, toErrorRecord } from '../errors.ts'
import { Link } from '../link/link.ts'
import type { Channel } from '../link/transport.ts'
import { StoreEngine, type StoreInspection, type StoreOptions } from './engine.ts'
import { FROM_STORE, STORE_VERSION, TO_STORE } from './operations.ts'
import { Outlet } from './outlet.ts'

const CREDITS_A_WINDOW = 8
/** Operations that may answer with much. */
const LARGE_ANSWERS: ReadonlySet<number> = new Set([
  TO_STORE.READ,
  TO_STORE.GET,
  TO_STORE.TAKE,
  TO_STORE.SCAN,
  TO_STORE.BATCH,
])

export class StoreServer {
  readonly #engine: StoreEngine
  readonly #connections = new Set<StoreConnection>()

  constructor(options: StoreOptions = {}) {
    this.#engine = new StoreEngine(options)
  }

  /** Serves a worker; `onBroken` gets what no honest worker sends, after which it is not served any more. Returns the undo. */
  connect(channel: Channel, onBroken: (error: unknown) => void): () => void {
    const connection = new StoreConnection(this.#engine, channel, error => {
      disconnect()
      onBroken(error)
    })
    const disconnect = (): void => {
      if (this.#connections.delete(connection)) connection.close()
    }
    this.#connections.add(connection)
    return disconnect
  }

  inspect(): StoreInspection & { readonly workers: number } {
    return { ...this.#engine.inspect(), workers: this.#connections.size }
  }

  /** Ends every connection and forgets the data. */
  dispose(): void {
    for (const connection of this.#connections) connection.close()
    this.#connections.clear()
    this.#engine.dispose()
  }
}

class StoreConnection {
  readonly #engine: StoreEngine
  readonly #link: Link
  readonly #outlet: Outlet
  #closed = false

  constructor(engine: StoreEngine, channel: Channel, onBroken: (error: unknown) => void) {
    this.#engine = engine
    this.#link = new Link(
      channel,
      (op, sequence, _size, a, b, c, d, e, f) => this.#receive(op, sequence, [a, b, c, d, e, f]),
      onBroken,
    )
    this.#outlet = new Outlet(
      {
        event: (name, bytes, entry) =>
          entry
            ? this.#link.frame(FROM_STORE.EVENT, 0, 5, name, bytes, entry.epoch, entry.offset, entry.time)
            : this.#link.frame(FROM_STORE.EVENT, 0, 2, name, bytes),
        missed: (name, count) => void this.#link.frame(FROM_STORE.MISSED, 0, 2, name, count),
      },
      engine.limits.windowBytes,
    )
    const credit = Math.ceil(engine.limits.windowBytes / CREDITS_A_WINDOW)
    this.#link.frame(FROM_STORE.HELLO, 0, 3, STORE_VERSION, engine.id, credit)
  }

  close(): void {
    this.#closed = true
    this.#engine.channels.leave(this.#outlet)
    this.#link.flush()
    this.#link.close()
  }

  /** @throws SocketError EPROTO for what no honest worker sends */
  #receive(op: number, sequence: number, fields: readonly unknown[]): void {
    if (this.#closed) return
    if (op === TO_STORE.CREDIT) {
      const [bytes] = fields
      if (typeof bytes !== 'number' || !(bytes >= 0)) throw new SocketError('EPROTO', 'credit is no number')
      this.#outlet.consumed(bytes)
      return
    }
    let answer: unknown
    try {
      if (LARGE_ANSWERS.has(op) && this.#outlet.full)
        throw new SocketError('ENOBUFS', 'the worker has not read what the store answered before')
      answer = this.#engine.execute(this.#outlet, op, fields)
    } catch (error) {
      const record = toErrorRecord(error, 'EPLUGIN')
      if (record.code === 'EPROTO') throw error
      this.#outlet.sent(this.#link.frame(FROM_STORE.FAIL, sequence, 1, record))
      return
    }
    this.#outlet.sent(this.#link.frame(FROM_STORE.RESULT, sequence, 1, answer))
  }
}
