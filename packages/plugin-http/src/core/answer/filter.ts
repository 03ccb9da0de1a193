/**
 * What may become of an answer between the program and the client: it is compressed, gets a validator, becomes a part,
 * another media type.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import type { HttpResponse } from '../server/response.ts'
import type { BodyKind } from '../wire.ts'

/** The head of an answer, and its body where that is there as a whole. */
export interface Answer {
  status: number
  /**
   * Names and values in turn: the answer's own, without the listener's defaults. A field that may be there several
   * times, such as Vary, is better added with `response.add`: a default of the same name is then still sent.
   */
  fields: string[]
  body: string | Uint8Array | null
  kind: BodyKind
}

/**
 * Filters run in the order in which they were added to a response, those of the listener's options behind them; a later
 * one sees what an earlier one made. They see every answer: the program's, the worker's own problem documents, what
 * comes from the cache (which stores what the program sent, not what was made of it), parts (206) and answers without
 * a body (204, 304, those to HEAD). `answer` and its fields are the filter's to change. What it throws, or rejects
 * with, is logged and becomes a 500.
 */
export interface AnswerFilter {
  /**
   * It makes something else of answers than the program did: the cache then sends all that is stored as the program has
   * sent it, and what runs behind answers conditions and cuts parts. @default false
   */
  readonly remakes?: boolean
  /** An answer with its whole body, or with none. What it promises is waited for. */
  whole(answer: Answer, request: IncomingMessage, response: HttpResponse): void | Promise<void>
  /**
   * The head of an answer whose body follows in chunks, or is a file; the body goes through the Transform that is
   * returned. Its length is then not known: a Content-Length is dropped. Null: the answer has no body any more, as a
   * 304; what follows is thrown away, and no later filter is asked. Without this a streamed answer passes as it is.
   */
  streamed?(
    head: Omit<Answer, 'body'>,
    request: IncomingMessage,
    response: HttpResponse,
  ): Transform | undefined | null
}
