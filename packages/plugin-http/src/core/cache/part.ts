/**
 * The cache's part in an exchange that is handed to the program: what it is told of the answer.
 * @module
 */
import type { BodyKind } from '../wire.ts'

export interface CachePart {
  /** The client has had its answer; the program's goes to the cache alone. */
  readonly inBackground: boolean
  /** It has something to gain from what is still to come of the answer. */
  readonly isWaiting: boolean
  /** The whole answer. True: the client was sent it, or what it stands for. */
  answer(
    status: number,
    own: readonly string[] | null,
    body: string | Uint8Array | null,
    kind: BodyKind,
    defaults: readonly string[],
  ): boolean
  /** The head of an answer whose body follows in chunks. */
  head(status: number, own: readonly string[] | null, kind: BodyKind, defaults: readonly string[]): void
  chunk(data: string | Uint8Array): void
  /** The streamed answer is complete. */
  end(): void
  /** The program has failed to answer. True: the client was sent something better than that. */
  instead(): boolean
  /** There will be no answer, or no more of it: the client has left, or the exchange has failed. */
  abandon(): void
}
