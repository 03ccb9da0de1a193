/**
 * A worker that was started, however it was.
 * @module
 */
import type { MessagePort } from 'node:worker_threads'
import type { Transport } from '../link/transport.ts'
import type { ResourceLimits } from '../plugin/plugin.ts'

export interface LaunchOptions {
  /** What it runs: the folder of its entries. */
  readonly entry: 'worker' | 'keeper'
  readonly name: string
  readonly resourceLimits: ResourceLimits | undefined
}

export interface Launched {
  readonly transport: Transport
  /** Resolves once the worker is gone and everything it sent has arrived; with what ended it. */
  readonly exited: Promise<Error | undefined>
  /** Hands it a port; nothing can be handed to a process. */
  readonly give?: (port: MessagePort) => void
  /** Ends the worker now. */
  kill(): void
  /** Keeps the program's process alive, or no longer does. */
  ref(): void
  unref(): void
}

export type Launch = (options: LaunchOptions) => Launched
