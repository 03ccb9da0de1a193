/**
 * How a worker comes to life: as a thread, a process, or inline in the owner's own thread.
 * @module
 */
import type { Isolation } from '../plugin/plugin.ts'
import { launchInline } from './inline.ts'
import type { Launch } from './launched.ts'
import { launchProcess } from './process.ts'
import { launchThread } from './thread.ts'

export const LAUNCHERS: Readonly<Record<Isolation, Launch>> = {
  thread: launchThread,
  process: launchProcess,
  inline: launchInline,
}
