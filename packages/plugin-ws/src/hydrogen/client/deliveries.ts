/**
 * Gives each event to the program once, however often it comes, and tells the server what became of it.
 * @module
 */
import type { AckKind, EventEnvelope } from '../envelope/types.ts'
import { Acks, type SendAck } from './acks.ts'

/** Events that are remembered. */
const MAX_SEEN = 1024
/** Milliseconds between two signs that events are still being worked on; servers wait a second at least by default. */
const PROGRESS = 500
const MAX_IDS = 256

/** An event that wants an acknowledgment, as the client has it. */
export interface Receipt {
  readonly id: string
  readonly topic: string | undefined
  readonly offset: number | undefined
  /** Of the session; a later session has another. */
  seq: number
  attempt: number
  session: number
  /** `refused`: it is to come again. */
  state: 'open' | 'ack' | 'term' | 'refused'
  /** The server was told in time that it is being worked on, or will be at the next turn. */
  waited: boolean
  /** The program itself says that it is at work. */
  manual: boolean
  /** When it was last given out; see `Deliveries.now`. */
  at: number
}

export class Deliveries {
  readonly #send: SendAck
  readonly #acks: Acks
  /** In the order in which they came. Of those that want no acknowledgment, when they were last given out. */
  readonly #seen = new Map<string, Receipt | number>()
  readonly #open = new Set<Receipt>()
  #session = 0
  #now = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(send: SendAck) {
    this.#send = send
    this.#acks = new Acks(send)
  }

  /** The greatest number of any event of the session that came. */
  get received(): number {
    return this.#acks.received
  }

  /** Events that were given out so far. */
  get now(): number {
    return this.#now
  }

  /** When the event was last given out. Undefined: not yet, or the program refused it. */
  since({ id }: EventEnvelope): number | undefined {
    const seen = this.#seen.get(id)
    if (typeof seen !== 'object') return seen
    return seen.state === 'refused' ? undefined : seen.at
  }

  /** An event that came again: the server is told once more. */
  repeat({ id, seq, attempt = 1 }: EventEnvelope): void {
    const receipt = this.#seen.get(id)
    this.#now++
    if (typeof receipt !== 'object') return void this.#seen.set(id, this.#now)
    receipt.at = this.#now
    if (seq === undefined) return
    this.#renew(receipt, seq, attempt)
    if (receipt.state === 'open') {
      if (!receipt.manual) this.#send({ id, kind: 'progress', attempt })
    } else this.#tell(receipt)
  }

  /** An event that is given to the program. Its receipt, if it wants an acknowledgment. */
  take({ id, topic, offset, ack, seq, attempt = 1 }: EventEnvelope, manual: boolean): Receipt | undefined {
    const at = ++this.#now
    let receipt = this.#seen.get(id)
    if (typeof receipt !== 'object') {
      if (!ack || seq === undefined) {
        this.#seen.set(id, at)
        this.#forget()
        return undefined
      }
      receipt = { id, topic, offset, seq, attempt, session: 0, state: 'open', waited: false, manual, at }
      this.#seen.set(id, receipt)
      this.#forget()
    }
    receipt.at = at
    this.#renew(receipt, seq ?? receipt.seq, attempt)
    receipt.state = 'open'
    receipt.waited = false
    this.#open.add(receipt)
    if (!manual) this.#timer ??= setTimeout(() => this.#onTick(), PROGRESS)
    return receipt
  }

  /** What became of an event; only the first time counts, but for `progress`. */
  settle(receipt: Receipt, kind: AckKind, delay?: number): void {
    if (receipt.state !== 'open') return
    const { id, attempt } = receipt
    if (kind === 'ack' || kind === 'term') {
      receipt.state = kind
      this.#open.delete(receipt)
      return this.#tell(receipt)
    }
    if (kind === 'nak') {
      receipt.state = 'refused'
      this.#open.delete(receipt)
    }
    if (receipt.session === this.#session)
      this.#send({ id, attempt, kind, ...(delay !== undefined && { delay }) })
  }

  /** The first offset of a topic that the program wants again, where it is no later than `offset`. */
  wanted(topic: string, offset: number): number {
    let first = offset
    for (const receipt of this.#seen.values())
      if (typeof receipt === 'object' && receipt.state === 'refused' && receipt.topic === topic)
        first = Math.min(first, (receipt.offset ?? first + 1) - 1)
    return first
  }

  flush(): void {
    this.#acks.flush()
  }

  /** The session goes on; see `Acks.resume`. */
  resume(received: number): void {
    this.#acks.resume(received)
  }

  /** Another session begins, of which nothing came yet. */
  reset(): void {
    this.#session++
    this.#acks.reset()
  }

  stop(): void {
    this.#acks.stop()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #renew(receipt: Receipt, seq: number, attempt: number): void {
    receipt.seq = seq
    receipt.attempt = attempt
    receipt.session = this.#session
    this.#acks.received = Math.max(this.#acks.received, seq)
  }

  #tell({ id, seq, attempt, session, state }: Receipt): void {
    if (session !== this.#session) return
    const term = state === 'term'
    if (term) this.#send({ id, attempt, kind: 'term' })
    this.#acks.done(seq, id, !term)
  }

  /** What the program works on, or has not taken yet, is not to come again meanwhile. */
  #onTick(): void {
    this.#timer = undefined
    const ids: string[] = []
    let rest = false
    for (const receipt of this.#open) {
      if (receipt.manual) continue
      rest = true
      if (receipt.waited && receipt.session === this.#session) ids.push(receipt.id)
      receipt.waited = true
    }
    for (let i = 0; i < ids.length; i += MAX_IDS)
      this.#send({ ids: ids.slice(i, i + MAX_IDS), kind: 'progress' })
    if (rest) this.#timer = setTimeout(() => this.#onTick(), PROGRESS)
  }

  #forget(): void {
    for (const [id, receipt] of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) return
      this.#seen.delete(id)
      if (typeof receipt === 'object' && (receipt.state === 'open' || receipt.state === 'refused')) {
        this.#seen.set(id, receipt)
        return
      }
    }
  }
}
