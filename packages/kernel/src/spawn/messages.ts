/**
 * What a worker and its kernel say about children, on the control port.
 * @module
 */
import type { ErrorRecord } from '../errors.ts'
import type { HostRequest } from './process-host.ts'

/** From a worker whose children are the kernel's. `id` names a child of that worker's life. */
export type SpawnNotice =
  | { kind: 'spawn'; id: number; request: HostRequest }
  | { kind: 'child-kill'; id: number; signal: NodeJS.Signals }
  | { kind: 'child-end'; id: number; now: boolean }

/** From a worker that is a process, of children of its own: who they are, should it be killed. */
export type ChildNotice =
  | { kind: 'child-started'; pid: number; started: string | null }
  | { kind: 'child-over'; pid: number }

export type SpawnOrder =
  | { kind: 'spawned'; id: number; pid: number }
  | { kind: 'spawn-failed'; id: number; error: ErrorRecord }
  | { kind: 'child-exited'; id: number; code: number | null; signal: NodeJS.Signals | null }
