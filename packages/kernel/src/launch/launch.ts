/**
 * How a worker comes to life: as a thread, a process, or inline in the owner's own thread.
 * @module
 */
import type { Transport } from '../link/transport.ts'
import type { Isolation, ResourceLimits } from '../plugin/plugin.ts'
import { launchInline } from './inline.ts'
import { launchProcess } from './process.ts'
import { launchThread } from './thread.ts'

export interface LaunchOptions {
  readonly name: string
  readonly resourceLimits: ResourceLimits | undefined
}

export interface Launched {
  readonly transport: Transport
  /** Resolves once the worker is gone and everything it sent has arrived; with what ended it. */
  readonly exited: Promise<Error | undefined>
  /** Ends the worker now. */
  kill(): void
  ref(): void
  unref(): void
}

export type Launch = (options: LaunchOptions) => Launched

export const LAUNCHERS: Readonly<Record<Isolation, Launch>> = {
  thread: launchThread,
  process: launchProcess,
  inline: launchInline,
}
