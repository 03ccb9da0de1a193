/**
 * write and broadcast.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import type { WorkerPort } from '../fds/worker-port.ts'
import { TO_WORKER } from '../link/frames.ts'

export function write(entry: Entry, data: unknown, transfer: boolean): boolean {
  const { fd } = entry
  if (entry.isListener)
    throw new SocketError('ENOTCONN', `fd ${fd} is a listener: write to its connections`, { fd, op: 'write' })
  const { owner } = entry.mode
  return owner.send ? owner.send(data, entry, transfer) : entry.send(data, transfer)
}

/** Encoded once for each worker, where the mode has no form of its own. */
export function writeMany(entries: readonly Entry[], data: unknown, transfer: boolean): boolean {
  let all = true
  const shared = new Map<WorkerPort, Entry[]>()
  for (const entry of entries) {
    const together = shared.get(entry.host)
    if (entry.isListener || entry.mode.owner.send) all = write(entry, data, transfer) && all
    else if (together) together.push(entry)
    else shared.set(entry.host, [entry])
  }
  for (const [host, group] of shared) {
    const fds = group.map(entry => entry.fd)
    const size = host.frame(TO_WORKER.WRITE_MANY, fds[0]!, 2, fds, data)
    for (const entry of group) all = entry.wroteShared(size) && all
  }
  return all
}

/** What happens to connections that are not keeping up their worker decides, by SO_OVERFLOW. */
export function broadcast(listener: Entry, data: unknown, except: number | undefined): boolean {
  const { fd } = listener
  if (!listener.isListener)
    throw new SocketError('ENOTLISTEN', `fd ${fd} is no listener`, { fd, op: 'broadcast' })
  return listener.host.frame(TO_WORKER.BROADCAST, fd, 2, except === undefined ? [] : [except], data) > 0
}
