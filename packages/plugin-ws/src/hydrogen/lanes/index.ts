/**
 * The queue of a connection, in four lanes.
 * @module
 */
export type { DropObserver } from './lane.ts'
export type { Queued } from './lane-queue.ts'
export { type GapNotice, type LaneCounts, Lanes, type LanesOptions, type Pushed } from './lanes.ts'
export {
  DEFAULT_LANES,
  DEFAULT_MAX_WAIT,
  type LaneOptions,
  type LaneOverflow,
  type LaneSet,
} from './options.ts'
