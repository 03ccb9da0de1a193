/**
 * Stores: streams, keys, counters and channels that several workers share and that may outlive one of them.
 * @module
 */
export { type Clock, systemClock } from './clock.ts'
export type { StoreInspection, StoreOptions } from './engine.ts'
export { DEFAULT_LIMITS, type StoreLimits } from './limits.ts'
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts'
export { RemoteStore, type RemoteStoreOptions } from './remote-store.ts'
export type * from './store.ts'
export { StoreServer } from './store-server.ts'
