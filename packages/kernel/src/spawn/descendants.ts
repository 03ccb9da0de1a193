/**
 * The processes below a process, where the system tells (Linux).
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs'

/** A process, with when it was started: its number may be another's later. */
export interface ProcessId {
  readonly pid: number
  /** In the system's ticks since it was booted; undefined where it does not tell. */
  readonly started: string | undefined
}

interface ProcessStat extends ProcessId {
  readonly parent: number
}

/** The process of that number now. */
export function processId(pid: number): ProcessId {
  return { pid, started: readStat(pid)?.started }
}

/** True while it is the process it was; where the system does not tell, while there is one of its number. */
export function lives({ pid, started }: ProcessId): boolean {
  return started === undefined ? isThere(pid) : readStat(pid)?.started === started
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Children, their children and so on, also those that have a process group or a session of their own. */
export function descendants(pid: number): ProcessId[] {
  const byParent = new Map<number, ProcessStat[]>()
  for (const number of processNumbers()) {
    const stat = readStat(number)
    if (!stat) continue
    const siblings = byParent.get(stat.parent)
    if (siblings) siblings.push(stat)
    else byParent.set(stat.parent, [stat])
  }
  const found: ProcessStat[] = [...(byParent.get(pid) ?? [])]
  for (const each of found) found.push(...(byParent.get(each.pid) ?? []))
  return found
}

/** None, where the system does not tell. */
export function processNumbers(): number[] {
  try {
    return readdirSync('/proc')
      .filter(name => name >= '1' && name < ':')
      .map(Number)
  } catch {
    return []
  }
}

/** proc_pid_stat(5). The name, in parentheses, may hold anything. */
function readStat(pid: number): ProcessStat | undefined {
  let line: string
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return { pid, parent: Number(fields[1]), started: fields[19] }
}
