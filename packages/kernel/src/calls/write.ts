/**
 * write and broadcast.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { Entry } from '../fds/entry.ts'
import type { WorkerPort } from '../fds/worker-port.ts'
import { TO_WORKER } from '../link/frames.ts'
import type { ModeDefinition } from '../plugin/mode.ts'

export function write(entry: Entry, data: unknown, transfer: boolean): boolean {
  assertWritable(entry)
  const { owner } = entry.mode
  if (owner.send) return owner.send(data, entry, transfer)
  return entry.send(owner.encode ? owner.encode(data) : data, transfer)
}

function assertWritable({ fd, isListener, mode, phase }: Entry): void {
  if (isListener)
    throw new SocketError('ENOTCONN', `fd ${fd} is a listener: write to its connections`, { fd, op: 'write' })
  if (mode.kind === 'both' && phase !== 'connected' && phase !== 'connecting')
    throw new SocketError('ENOTCONN', `fd ${fd} is ${phase}: connect it first`, { fd, op: 'write' })
}

/** Encoded once for each worker, where the mode has no form of its own. */
export function writeMany(entries: readonly Entry[], data: unknown, transfer: boolean): boolean {
  let all = true
  const shared = new Map<ModeDefinition, Map<WorkerPort, Entry[]>>()
  for (const entry of entries) {
    assertWritable(entry)
    if (entry.mode.owner.send) {
      all = write(entry, data, transfer) && all
      continue
    }
    let hosts = shared.get(entry.mode)
    if (!hosts) shared.set(entry.mode, (hosts = new Map()))
    const together = hosts.get(entry.host)
    if (together) together.push(entry)
    else hosts.set(entry.host, [entry])
  }
  for (const [{ owner }, hosts] of shared) {
    const wire = owner.encode ? owner.encode(data) : data
    for (const [host, group] of hosts) {
      const fds = group.map(entry => entry.fd)
      const size = host.frame(TO_WORKER.WRITE_MANY, fds[0]!, 2, fds, wire)
      for (const entry of group) all = entry.wroteShared(size) && all
    }
  }
  return all
}

/** What happens to connections that are not keeping up their worker decides, by SO_OVERFLOW. */
export function broadcast(listener: Entry, data: unknown, except: number | undefined): boolean {
  const { fd } = listener
  if (!listener.isListener)
    throw new SocketError('ENOTLISTEN', `fd ${fd} is no listener`, { fd, op: 'broadcast' })
  const { owner } = listener.mode
  const wire = owner.encode ? owner.encode(data) : data
  return listener.host.frame(TO_WORKER.BROADCAST, fd, 2, except === undefined ? [] : [except], wire) > 0
}
