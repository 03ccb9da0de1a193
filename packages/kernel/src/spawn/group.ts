/**
 * Signals to process groups.
 * @module
 */
import { lives, type ProcessId } from './descendants.ts'

/** Signals a whole group; nothing happens when it is gone. */
export function killGroup(pid: number, signal: NodeJS.Signals): void {
  send(-pid, signal)
}

/** Ends processes that may have left their group, those of them that still live. */
export function killAll(processes: readonly ProcessId[]): void {
  for (const each of processes) if (lives(each)) send(each.pid, 'SIGKILL')
}

function send(target: number, signal: NodeJS.Signals): void {
  try {
    process.kill(target, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // macOS answers EPERM for a group of processes that nobody has waited for yet.
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
