/**
 * What a worker exposes to its kernel, and what it says of itself when it starts.
 * @module
 */
import type { ErrorRecord } from '../errors.ts'

export interface StartOptions {
  readonly plugins: readonly {
    readonly name: string
    readonly worker: string
    readonly modes: readonly number[]
  }[]
  /** Default values by option number, in the wire form. */
  readonly defaults: readonly (readonly [option: number, value: unknown])[]
  /** `append` options, whose values add up. */
  readonly appending: readonly number[]
}

export interface Hello {
  readonly frameVersion: number
  readonly pid: number
  readonly node: string
}

/** Errors are returned, not thrown: Comlink would strip their codes. */
export type Answer<T> = { ok: true; value: T } | { ok: false; error: ErrorRecord }

export interface WorkerInspection {
  readonly pid: number
  readonly fds: number
  readonly free: number
  readonly memory: { rss: number; heapUsed: number; external: number }
  readonly listeners: readonly { fd: number; mode: number; inspection: unknown }[]
}

export interface WorkerControl {
  start(options: StartOptions): Promise<Answer<Hello>>
  inspect(): Promise<Answer<WorkerInspection>>
  /** Stops accepting, finishes what is in flight within the deadline, releases everything. */
  stop(deadline: number): Promise<Answer<null>>
}
