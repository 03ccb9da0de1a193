/**
 * Recovery of what was published while a client was away.
 * @module
 */
export {
  answerPosition,
  type ClientPosition,
  positionOf,
  type TopicAnswer,
  type UnrecoveredReason,
} from './answer.ts'
export { joinGaps } from './join-gaps.ts'
export { DEFAULT_LIVE_BUFFER, type RecoverySink, TopicRecovery } from './topic-recovery.ts'
