/**
 * What programs use of Hydrogen messaging.
 * @module
 */
export type { HydrogenErrorCode } from '../errors.ts'
export type { MetricsSnapshot as HydrogenMetrics } from '../server/metrics.ts'
export type { Attributes, AttributeValue } from '../topics/filter.ts'
export type { Broadcasted, Published, Whom } from '../wire.ts'
export type { HydrogenPage, HydrogenPresence, HydrogenPublication, HydrogenStatusReport } from './answers.ts'
export type {
  BroadcastOptions,
  DisconnectOptions,
  HistoryOptions,
  HydrogenEvent,
  PublishOptions,
  RefreshOptions,
} from './call-options.ts'
export type { HydrogenCommand } from './command.ts'
export {
  createHydrogenServer,
  type HydrogenServer,
  type HydrogenServerHandlers,
  type HydrogenServerKernel,
  type HydrogenServerOptions,
} from './create-server.ts'
export { type Hydrogen, hydrogen } from './hydrogen.ts'
export type { HydrogenFd, HydrogenKernel } from './kernel.ts'
export type { DeadLetter, Transition } from './observed.ts'
export { hydrogenError, type ProgramError, type ProgramErrorFacts } from './program-error.ts'
