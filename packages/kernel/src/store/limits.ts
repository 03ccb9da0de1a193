/**
 * What a store holds at most.
 * @module
 */

export interface StoreLimits {
  /** UTF-16 code units of a key, or of the name of a stream, counter or channel. @default 1024 */
  nameLength: number
  /** Bytes of one value. @default 1 MiB */
  valueBytes: number
  /** Bytes of everything that is kept, names and an estimate of the bookkeeping included. @default 256 MiB */
  totalBytes: number
  /** Keys. @default 1000000 */
  keys: number
  /** @default 1000000 */
  counters: number
  /** Streams, with those of which only the position is left; of these the longest unused makes room. @default 100000 */
  streams: number
  /** Entries of one stream. @default 100000 */
  streamLength: number
  /** Bytes of the values of one stream. @default 64 MiB */
  streamBytes: number
  /** Milliseconds for which a stream without entries that nobody uses keeps its epoch and top. @default 30 days */
  positionTtl: number
  /** Milliseconds for which an idempotency key is known. @default 5 minutes */
  idempotencyWindow: number
  /** Idempotency keys known of one stream; the oldest is forgotten first. @default 10000 */
  idempotencyKeys: number
  /** Entries of one read or scan. @default 10000 */
  pageLength: number
  /** Bytes of one read or scan, exceeded by a single larger value only. @default 1 MiB */
  pageBytes: number
  /** Bytes of everything one batch reads, exceeded by a single value only. @default 8 MiB */
  batchBytes: number
  /** Calls of one batch. @default 1000 */
  batchLength: number
  /** Channels one worker listens to. @default 100000 */
  subscriptions: number
  /** Bytes on their way to one worker, exceeded by one message at most. @default 16 MiB */
  windowBytes: number
}

const MIB = 2 ** 20

export const DEFAULT_LIMITS: StoreLimits = {
  nameLength: 1024,
  valueBytes: MIB,
  totalBytes: 256 * MIB,
  keys: 1_000_000,
  counters: 1_000_000,
  streams: 100_000,
  streamLength: 100_000,
  streamBytes: 64 * MIB,
  positionTtl: 30 * 24 * 3600_000,
  idempotencyWindow: 5 * 60_000,
  idempotencyKeys: 10_000,
  pageLength: 10_000,
  pageBytes: MIB,
  batchBytes: 8 * MIB,
  batchLength: 1000,
  subscriptions: 100_000,
  windowBytes: 16 * MIB,
}
