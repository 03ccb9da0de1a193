/**
 * What may become of an answer between the program and the client: it is compressed, gets a validator, becomes a part,
 * another media type.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import type { BodyKind } from '../wire.ts'

/** The head of an answer, and its body where that is there as a whole. */
export interface Answer {
  status: number
  /** Names and values in turn: the answer's own, without the listener's defaults. */
  fields: string[]
  body: string | Uint8Array | null
  kind: BodyKind
}

/** Filters run in the order in which they were added to a response; a later one sees what an earlier one made. */
export interface AnswerFilter {
  /** An answer with its whole body, or with none. What it promises is waited for. */
  whole(answer: Answer, request: IncomingMessage): void | Promise<void>
  /** The head of an answer whose body follows in chunks; what it returns they go through. */
  streamed?(head: Omit<Answer, 'body'>, request: IncomingMessage): Transform | undefined
}
