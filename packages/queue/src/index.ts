/**
 * Queues of two buffers that alternate: one fills while the other is drained, and the reader is woken only when idle.
 * @module
 */
export { type Drained, DualQueue } from './dual-queue.ts'
export { QueueError, type QueueErrorCode } from './errors.ts'
export {
  SharedDualQueue,
  type SharedDualQueueDescriptor,
  type SharedDualQueueOptions,
} from './shared-dual-queue.ts'
