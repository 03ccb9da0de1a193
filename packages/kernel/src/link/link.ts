/**
 * The link: frames are written into the open batch at the call, and a batch leaves at the end of the loop turn.
 *
 * What a post costs is waking the other thread, so when it leaves follows the load:
 * - a turn that wrote one frame posts it: nothing waits when little happens;
 * - a turn that wrote several is held while further turns go on writing, a few turns at most;
 * - a turn that writes very many posts its first ones early, so that the other thread works while this one goes on;
 *   the batches of one turn grow, which keeps the number of posts logarithmic.
 * @module
 */
import { type Drained, DualQueue } from '@unisock/queue'
import type { FrameHandler } from './frames.ts'
import { BatchReader } from './reader.ts'
import type { Channel } from './transport.ts'
import { BatchWriter } from './writer.ts'

/** A batch of this size leaves at once. */
const FLUSH_BYTES = 256 * 1024
/** Frames in the first early batch of a turn, and how much larger each further one is. */
const EARLY_FRAMES = 64
const EARLY_GROWTH = 4
/** A batch is held for so many turns, or until it has so many frames. */
const HELD_TURNS = 8
const HELD_FRAMES = 64
/** How long one drain may keep the loop from its other work. */
const YIELD_MS = 5
/** How long slow handlers may keep what they wrote waiting. */
const LINGER_MS = 0.1
const FRAMES_BETWEEN_CLOCKS = 8

export interface LinkCounters {
  framesIn: number
  framesOut: number
  bytesIn: number
  bytesOut: number
  batchesIn: number
  batchesOut: number
}

export function noCounters(): LinkCounters {
  return { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, batchesIn: 0, batchesOut: 0 }
}

export function addCounters(a: LinkCounters, b: LinkCounters): LinkCounters {
  const sum = { ...a }
  for (const key of Object.keys(sum) as (keyof LinkCounters)[]) sum[key] += b[key]
  return sum
}

export class Link {
  readonly counters: LinkCounters = noCounters()
  readonly #channel: Channel
  readonly #handler: FrameHandler
  readonly #onBroken: (error: unknown) => void
  readonly #writer = new BatchWriter()
  readonly #inbox = new DualQueue<BatchReader>(() => this.#read())
  readonly #endTurn = (): void => {
    const written = this.#turnFrames
    this.#turnFrames = 0
    this.#earlyFrames = EARLY_FRAMES
    if (written > 1 && this.#openFrames < HELD_FRAMES && this.#heldTurns < HELD_TURNS) {
      this.#heldTurns++
      setImmediate(this.#endTurn)
      return
    }
    this.#scheduled = false
    this.flush()
  }
  readonly #continue = (): void => this.#read()
  readonly #readBatch = (batch: BatchReader): Drained => this.#frames(batch)
  #scheduled = false
  #openFrames = 0
  #turnFrames = 0
  #heldTurns = 0
  #earlyFrames = EARLY_FRAMES
  #readFrames = 0
  #readLimit = YIELD_MS
  #postedAt = 0
  #closed = false
  /** When the last read began. */
  readAt = performance.now()

  /** `onBroken` gets what cannot be read and what the handler throws: the other end is broken or lying. */
  constructor(channel: Channel, handler: FrameHandler, onBroken: (error: unknown) => void) {
    this.#channel = channel
    this.#handler = handler
    this.#onBroken = onBroken
    channel.onMessage((message, attachments) => {
      let batch: BatchReader
      try {
        batch = new BatchReader(message, attachments)
      } catch (error) {
        return onBroken(error)
      }
      this.counters.batchesIn++
      this.counters.bytesIn += message.byteLength
      this.#inbox.push(batch)
    })
  }

  /** Writes a frame of `count` fields; returns its size in bytes, which is what credit is counted in. */
  frame(
    op: number,
    fd: number,
    count: number,
    a?: unknown,
    b?: unknown,
    c?: unknown,
    d?: unknown,
    e?: unknown,
    f?: unknown,
  ): number {
    if (this.#closed) return 0
    const size = this.#writer.frame(op, fd, count, a, b, c, d, e, f)
    this.counters.framesOut++
    if (!this.#scheduled) {
      this.#scheduled = true
      setImmediate(this.#endTurn)
    }
    this.#openFrames++
    if (++this.#turnFrames >= this.#earlyFrames) {
      this.#earlyFrames *= EARLY_GROWTH
      this.#turnFrames = 0
      this.flush()
    } else if (this.#writer.length >= FLUSH_BYTES) this.flush()
    return size
  }

  /** As `frame`, for one field whose large Uint8Arrays are handed over instead of copied. */
  transfer(op: number, fd: number, data: unknown): number {
    return this.#writer.transferring(() => this.frame(op, fd, 1, data))
  }

  flush(): void {
    this.#openFrames = 0
    this.#heldTurns = 0
    if (this.#closed || this.#writer.length === 0) return
    const { batch, attachments } = this.#writer.take()
    this.counters.batchesOut++
    this.counters.bytesOut += batch.byteLength
    this.#channel.send(batch, attachments)
  }

  /** Reads everything that has arrived, without yielding: the other end is gone. */
  drain(): void {
    this.#channel.drain()
    this.#read(Number.POSITIVE_INFINITY)
  }

  close(): void {
    this.#closed = true
    this.#inbox.clear()
    this.#channel.close()
  }

  #read(limit = YIELD_MS): void {
    this.readAt = this.#postedAt = performance.now()
    this.#readLimit = limit
    this.#readFrames = 0
    try {
      if (!this.#inbox.drain(this.#readBatch)) setImmediate(this.#continue)
    } catch (error) {
      this.#inbox.clear()
      this.#onBroken(error)
    }
  }

  #frames(batch: BatchReader): Drained {
    const handler = this.#handler
    const fields = batch.fields
    while (batch.next()) {
      handler(
        batch.op,
        batch.fd,
        batch.size,
        fields[0],
        fields[1],
        fields[2],
        fields[3],
        fields[4],
        fields[5],
      )
      this.counters.framesIn++
      if (this.#closed) return
      if (++this.#readFrames % FRAMES_BETWEEN_CLOCKS > 0) continue
      const now = performance.now()
      if (now - this.readAt > this.#readLimit) return 'keep'
      if (now - this.#postedAt > LINGER_MS) {
        this.#postedAt = now
        this.flush()
      }
    }
  }
}
