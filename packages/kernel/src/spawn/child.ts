/**
 * Child processes as plugins ask for them and see them.
 * @module
 */
import type { Socket } from 'node:net'

/**
 * What is at one of the child's descriptors: nothing, one of its streams by number, or a descriptor of this process that
 * is handed over: the child has a copy, and the original is closed.
 */
export type ChildStdio = 'ignore' | number | { readonly descriptor: number }

/** A program to run. There is no shell, and nothing of the environment is inherited. */
export interface SpawnRequest {
  /** An absolute path. */
  readonly file: string
  /** The {@link fileIdentity} that `file` was found to have: another file in its place is refused. */
  readonly identity?: string | undefined
  readonly args?: readonly string[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  /** The working directory. @default '/' */
  readonly cwd?: string | undefined
  /** As `identity`. */
  readonly cwdIdentity?: string | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** A program that gets the file's path and arguments behind its own and becomes it: `prlimit`, `setpriv` … */
  readonly wrapper?: { readonly file: string; readonly args: readonly string[] } | undefined
  /** From descriptor 0 on. A stream that is named twice is one socket at two descriptors. */
  readonly stdio: readonly ChildStdio[]
  /** Milliseconds from SIGTERM to SIGKILL. @default 2000 */
  readonly grace?: number | undefined
}

/** How a process ended: one of the two is null. */
export interface ChildExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A process group that was started. */
export interface ChildGroup {
  readonly pid: number
  /** Resolves when the child has ended, and was waited for; what was left of its group has been killed then. */
  readonly exited: Promise<ChildExit>
  /** Sends a signal to the whole group. */
  kill(signal: NodeJS.Signals): void
  /** SIGTERM to the group, and SIGKILL to what is left of it and of its descendants after the grace; or at once. */
  end(how?: { now?: boolean }): void
}

/** A child of a socket. It does not outlive the socket, nor the worker. */
export interface Child extends ChildGroup {
  /** The other ends of its streams, by number. They stay open for writing when the child has ended its side. */
  readonly streams: readonly Socket[]
}

/** Milliseconds. */
export const DEFAULT_GRACE = 2000
