/**
 * What a keeper exposes to its kernel.
 * @module
 */
import type { StoreLimits } from '../store/limits.ts'
import type { StoreServer } from '../store/store-server.ts'
import type { Control, MemoryInspection } from '../worker/control.ts'

/** A local socket, and the random bytes a connection to it begins with. */
export interface KeeperAddress {
  readonly path: string
  readonly token: Uint8Array
}

export interface KeeperStartOptions {
  readonly limits: StoreLimits
  /** Where to listen; not at all where workers are given ports. */
  readonly address: KeeperAddress | null
}

export interface KeeperInspection {
  readonly pid: number
  readonly memory: MemoryInspection
  readonly store: ReturnType<StoreServer['inspect']>
}

export type KeeperControl = Control<KeeperStartOptions, KeeperInspection>
