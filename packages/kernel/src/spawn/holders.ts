/**
 * Who still has the streams of a child that has ended: processes that left its group and outlived it (Linux).
 * @module
 */
import { fstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { Socket } from 'node:net'
import { type ProcessId, processId, processNumbers } from './descendants.ts'

/** What the system calls a local socket. */
export function socketInode(stream: Socket): string {
  const { fd } = (stream as unknown as { _handle: { fd: number } })._handle
  return String(fstatSync(fd).ino)
}

/** The processes that have one of these sockets open. */
export function holdersOf(inodes: ReadonlySet<string>): ProcessId[] {
  if (!areOpen(inodes)) return []
  const links = new Set(Array.from(inodes, inode => `socket:[${inode}]`))
  return processNumbers()
    .filter(pid => pid !== process.pid && descriptorsOf(pid).some(link => links.has(link)))
    .map(processId)
}

/** One look at the table of local sockets spares the look at every process. */
function areOpen(inodes: ReadonlySet<string>): boolean {
  let table: string
  try {
    table = readFileSync('/proc/net/unix', 'latin1')
  } catch {
    return false
  }
  return table.split('\n').some(line => inodes.has(line.trim().split(/\s+/)[6] ?? ''))
}

/** None of a process that has gone, or is not ours to look at. */
function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(name => linkOf(`/proc/${pid}/fd/${name}`))
  } catch {
    return []
  }
}

function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)]
  } catch {
    return []
  }
}
