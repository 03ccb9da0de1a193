/**
 * What a worker exposes to its kernel, and what it says of itself when it starts.
 * @module
 */
import { type ErrorRecord, toErrorRecord } from '../errors.ts'
import type { Lacking } from '../plugin/driver.ts'
import type { StoreLimits } from '../store/limits.ts'

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
  /** Its children are the kernel's: it is a thread, or no worker at all. */
  readonly hosted: boolean
  /** Null where no plugin uses one. */
  readonly store: {
    /** It lives in a keeper, to which the way is told apart; else in the worker's own memory. */
    readonly kept: boolean
    readonly limits: StoreLimits
  } | null
}

export interface Hello {
  readonly frameVersion: number
  /** Modes that this system cannot serve. */
  readonly lacking?: Lacking
  readonly pid: number
  readonly node: string
}

/** Errors are returned, not thrown: Comlink would strip their codes. */
export type Answer<T> = { ok: true; value: T } | { ok: false; error: ErrorRecord }

export async function answer<T>(work: () => T | Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, error: toErrorRecord(error, 'EPLUGIN') }
  }
}

export interface MemoryInspection {
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

export function inspectMemory(): MemoryInspection {
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, heapUsed, external }
}

export interface WorkerInspection {
  readonly pid: number
  readonly fds: number
  readonly free: number
  readonly memory: MemoryInspection
  readonly listeners: readonly { fd: number; mode: number; inspection: unknown }[]
}

/** What every launched worker exposes, whatever it runs. */
export interface Control<Start, Inside> {
  start(options: Start): Promise<Answer<Hello>>
  inspect(): Promise<Answer<Inside>>
  /** Finishes what is in flight within the deadline (ms) and releases everything. */
  stop(deadline: number): Promise<Answer<null>>
}

export type WorkerControl = Control<StartOptions, WorkerInspection>
