/**
 * What lies between the bytes of a connection and the messages of its fd. Each mode has one.
 * @module
 */
import type { Connection, Option } from '@unisock/kernel/plugin'

/** A connection as its framing sees it. */
export interface Pipe {
  readonly fd: Connection
  /** Which side began. */
  readonly role: 'server' | 'client'
  option<T>(option: Option<T, any>): T
  /** Sends bytes, or text in an encoding. False: queued; the connection tells the fd when it is written. */
  send(data: string | Uint8Array, encoding?: BufferEncoding): boolean
  /** Reads on, after `receive` said false. */
  read(): void
  /** More is queued for the peer than it is good to add to. */
  readonly full: boolean
  /** The peer broke the framing, or something in between did: the connection is over. */
  fail(error: unknown): void
}

export interface Framing {
  /** Bytes came. False: the fd has no credit left, or the framing holds enough. */
  receive(chunk: Buffer): boolean
  /** The fd has credit again. Reading goes on if this is true, or absent. */
  resume?(): boolean
  /** The peer's end: what is held is given out. A promise delays the fd's own end. */
  end?(): void | Promise<void>
  /** Sends what the program wrote; false: queued, and either the connection or the framing says when it is not. */
  write(data: any): boolean
  /** What was written has left the framing; true where it holds nothing. */
  readonly empty?: boolean
  /** The program sends no more: what is held is sent. */
  finish?(): void | Promise<void>
  /** The connection is gone. */
  destroy?(): void
}

export type MakeFraming = (pipe: Pipe) => Framing
