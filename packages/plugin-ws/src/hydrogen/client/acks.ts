/**
 * Tells the server which events are done, in as few messages as that takes: all up to a number where none before it is
 * open, by id where one is.
 * @module
 */
import type { AckEnvelope } from '../envelope/types.ts'

export type SendAck = (ack: Omit<AckEnvelope, 'type'>) => void

/** Milliseconds in which acknowledgments gather. */
const GATHER = 10
/** Ids in one message, and events done out of order that are remembered. */
const MAX_IDS = 256
const MAX_REMEMBERED = 1024

export class Acks {
  readonly #send: SendAck
  /** The greatest number of any event that came. */
  received = 0
  /** Every event up to this number came and is done. */
  #floor = 0
  #told = 0
  /** Done above the floor: ids by number. */
  readonly #above = new Map<number, string>()
  readonly #ids = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(send: SendAck) {
    this.#send = send
  }

  /** The event is done; also where the server seems not to know. */
  done(seq: number, id: string, tell = true): void {
    if (tell) this.#ids.add(id)
    if (seq > this.#floor) this.#above.set(seq, id)
    for (;;) {
      const next = this.#above.get(this.#floor + 1)
      if (next === undefined) break
      this.#above.delete(++this.#floor)
      this.#ids.delete(next)
    }
    if (this.#above.size > MAX_REMEMBERED) this.#above.delete(this.#above.keys().next().value!)
    this.#timer ??= setTimeout(() => this.flush(), GATHER)
  }

  /** Tells now what there is to tell. */
  flush(): void {
    this.stop()
    if (this.#floor > this.#told) this.#send({ upto: (this.#told = this.#floor) })
    const ids = [...this.#ids]
    this.#ids.clear()
    for (let i = 0; i < ids.length; i += MAX_IDS) this.#send({ ids: ids.slice(i, i + MAX_IDS) })
  }

  /** There is no connection, or there are no more acknowledgments. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /**
   * The session goes on, of whose events the server knows to have sent those up to `received`. What was told may have
   * been lost with the connection: it is told again.
   */
  resume(received: number): void {
    this.received = Math.min(this.received, received)
    this.#floor = Math.min(this.#floor, received)
    this.#told = 0
    this.#ids.clear()
    for (const [seq, id] of this.#above)
      if (seq <= received) this.#ids.add(id)
      else this.#above.delete(seq)
    this.flush()
  }

  /** Another session, with numbers of its own. */
  reset(): void {
    this.stop()
    this.received = this.#floor = this.#told = 0
    this.#above.clear()
    this.#ids.clear()
  }
}
