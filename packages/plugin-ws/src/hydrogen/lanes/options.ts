/**
 * How much each lane holds, and what happens then.
 * @module
 */

/** What happens when a lane is full. `drop-oldest`: the longest waiting goes. `close`: the connection is to be closed. */
export type LaneOverflow = 'drop-oldest' | 'close'

export interface LaneOptions {
  /** Bytes that may wait. */
  readonly maxBytes: number
  readonly overflow: LaneOverflow
  /** The share against the other lanes, in bytes; lane 0 has none, it goes first. */
  readonly weight: number
}

export type LaneSet = readonly [LaneOptions, LaneOptions, LaneOptions, LaneOptions]

/** Control, high, normal, bulk. */
export const DEFAULT_LANES: LaneSet = [
  { maxBytes: 1 << 18, overflow: 'close', weight: 1 },
  { maxBytes: 1 << 20, overflow: 'close', weight: 16 },
  { maxBytes: 1 << 20, overflow: 'close', weight: 4 },
  { maxBytes: 1 << 20, overflow: 'drop-oldest', weight: 1 },
]

/** Milliseconds after which the head of a lane is served at every second turn, whatever its share. */
export const DEFAULT_MAX_WAIT = 5000
