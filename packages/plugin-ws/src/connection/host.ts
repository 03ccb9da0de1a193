/**
 * Whoever a connection belongs to: a server's place for it, or a client.
 * @module
 */
import type { Ending } from './ending.ts'

export interface ConnectionHost {
  /** It is over. */
  closed(ending: Ending): void
  /** The peer did what it may not, and is closed for it; true: it is shut out for a while. */
  offended?(): boolean
}
