/**
 * What was published.
 * @module
 */
export { newEpoch } from './epoch.ts'
export {
  DEFAULT_HISTORY_LIMITS,
  type HistoryLimits,
  type Publication,
  type ReadRequest,
  type StreamState,
  TopicHistory,
} from './topic-history.ts'
