/**
 * Where messages of QoS 1 and 2 are until the broker has acknowledged them.
 * @module
 */
import type { PublishWire } from '../wire.ts'

/** Messages that were written about the same time, stored together. */
export type Chunk = readonly PublishWire[]

/** A message, by the chunk that it is in and where in it. */
export interface Track {
  readonly offset: number
  readonly index: number
}

/** How far a message of QoS 2 is on its way out, and the identifier that it is sent under (section 4.3.3). */
export interface SentPacket extends Track {
  readonly id: number
  readonly state: 'sent' | 'released' | 'done'
}

/** A message of QoS 2 that has come and is not released yet. */
export interface ReceivedPacket {
  readonly id: number
  readonly topic: string
  readonly payload: Uint8Array
  readonly retain: boolean
  readonly dup: boolean
  readonly properties: Record<string, unknown> | null
}

export interface Stored {
  /** In their order. */
  readonly chunks: readonly { readonly offset: number; readonly messages: Chunk }[]
  /** Of the last message that was dropped. */
  readonly sequence: number
  readonly sent: readonly SentPacket[]
  readonly received: readonly ReceivedPacket[]
}

export interface OfflineStore {
  /** What is in it outlives the worker. */
  readonly outlivesWorker: boolean
  load(): Promise<Stored>
  /** Resolves with its offset once it outlives the worker. Offsets grow. */
  append(chunk: Chunk): Promise<number>
  /** Drops the chunks with smaller offsets, up to a sequence number, and what is known of messages in them. */
  release(before: number, sequence: number, tracks: readonly Track[]): Promise<void>
  putSent(packet: SentPacket): Promise<void>
  putReceived(packet: ReceivedPacket): Promise<void>
  deleteReceived(id: number): Promise<void>
  /** It was out of reach and is there again; `kept`: with everything in it. Returns the undo. */
  onBack(listener: (kept: boolean) => void): () => void
  /** `forget`: the fd is closed for good, and what would end with it may go. */
  close(forget: boolean): Promise<void>
}
