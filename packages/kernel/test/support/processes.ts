/** Processes that tests start and see end. */
import { readFileSync } from 'node:fs'

/** Whether a process is there, also as a dead one that this process has not waited for; those of others are not its fault. */
export function isThere(pid: number): boolean {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return false
  }
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return state !== 'Z' || Number(parent) === process.pid
}
