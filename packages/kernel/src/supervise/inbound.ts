/**
 * Frames from a worker. Every field is checked: a worker that sends what no honest one sends is ended, and what it
 * says of fds that are over is dropped and counted.
 * @module
 */
import { type ErrorRecord, fromErrorRecord, SocketError } from '../errors.ts'
import { toAddr } from '../fds/addr.ts'
import { deliverMessage, whenResumed } from '../fds/deliver.ts'
import { Entry } from '../fds/entry.ts'
import { isFdNumber } from '../fds/slots.ts'
import { FROM_WORKER } from '../link/frames.ts'
import { SO_HALF_OPEN } from '../plugin/options/socket.ts'
import type { Addr } from '../types.ts'
import type { PluginHost } from './host.ts'

/** @throws SocketError EPROTO */
export function receiveFrame(
  host: PluginHost,
  op: number,
  fd: number,
  size: number,
  a: unknown,
  b: unknown,
  c: unknown,
  d: unknown,
  e: unknown,
): void {
  switch (op) {
    case FROM_WORKER.ACCEPT: {
      const entry = accept(host, fd, a, b, c)
      if (entry) deliverMessage(host.core, entry, e, d, size)
      return
    }
    case FROM_WORKER.OPEN:
      accept(host, fd, a, b, c)
      return
    case FROM_WORKER.EVENT: {
      const entry = find(host, fd)
      if (entry) deliverMessage(host.core, entry, a, b, size)
      return
    }
    case FROM_WORKER.REOPENED:
      return reopened(host, fd, a, b)
    case FROM_WORKER.CREDIT:
      return find(host, fd)?.credited(count(a, 'credit'))
    case FROM_WORKER.REPLY:
      host.calls.take(count(a, 'a reply'))?.resolve(b)
      return
    case FROM_WORKER.FAIL:
      host.calls.take(count(a, 'a reply'))?.reject(errorOf(b, fd))
      return
    case FROM_WORKER.CLOSED:
      return closed(host, fd, a)
    case FROM_WORKER.ENDED:
      return peerEnded(host, fd)
    case FROM_WORKER.ERROR: {
      const entry = find(host, fd)
      if (entry)
        whenResumed(entry, () => {
          entry.report(errorOf(a, fd))
          entry.consumed(size)
        })
      return
    }
    case FROM_WORKER.KEEP:
      if (typeof a !== 'string') throw lie('a kept row has no key')
      find(host, fd)?.journal.keep(a, b)
      return
    case FROM_WORKER.RETIRE:
      if (!Array.isArray(a)) throw lie('a list of functions is none')
      return host.core.functions.retire(fd, a)
    case FROM_WORKER.DROPPED: {
      const entry = find(host, fd)
      if (entry) entry.drops += count(a, 'a count')
      return
    }
    case FROM_WORKER.NEED_SLOTS:
      return host.grantSlots()
    default:
      throw lie(`op ${op} is unknown`)
  }
}

/** The entry of an fd this worker may speak of; undefined, and counted, when the fd has ended. */
function find(host: PluginHost, fd: number): Entry | undefined {
  const entry = host.core.table.get(fd)
  if (entry) {
    if (entry.host === host) return entry
    throw lie(`fd ${fd} belongs to worker ${entry.host.name}`)
  }
  if (!isFdNumber(fd) || !host.core.table.issued(fd)) throw lie(`fd ${fd} was never issued`)
  host.core.counters.stale++
  return undefined
}

function accept(
  host: PluginHost,
  fd: number,
  listener: unknown,
  address: unknown,
  port: unknown,
): Entry | undefined {
  const { core } = host
  if (!isFdNumber(fd) || !host.leases.covers(fd)) throw lie(`fd ${fd} is outside its block`)
  if (core.table.issued(fd)) throw lie(`fd ${fd} was given out before`)
  if (typeof listener !== 'number' || typeof address !== 'string' || typeof port !== 'number')
    throw lie('an accept lacks its listener or its address')
  const parent = core.table.get(listener)
  if (!parent) {
    if (!core.table.issued(listener)) throw lie(`listener ${listener} was never issued`)
    // The listener was closed while the connection was on its way.
    core.counters.stale++
    core.table.markIssued(fd)
    host.closeQuietly(fd, { abort: true })
    return undefined
  }
  if (parent.host !== host || !parent.isListener) throw lie(`fd ${listener} is no listener of its`)
  const entry = new Entry(core, host, fd, parent.mode, parent.handlers, parent, address, port)
  const open = parent.handlers.open
  if (open) entry.guard(() => open(fd as any, listener as any, entry.addr as Addr))
  return entry.ended ? undefined : entry
}

/** Behind what the connection before it brought. */
function reopened(host: PluginHost, fd: number, address: unknown, port: unknown): void {
  if (typeof address !== 'string' || typeof port !== 'number')
    throw lie('a client is connected again, but to no address')
  const entry = find(host, fd)
  if (!entry) return
  if (entry.isConnection || entry.isListener) throw lie(`fd ${fd} is no client`)
  whenResumed(entry, () => {
    const addr = toAddr(address, port)
    entry.addr = addr
    const open = entry.handlers.open
    if (open) entry.guard(() => open(fd as any, fd as any, addr))
  })
}

function closed(host: PluginHost, fd: number, error: unknown): void {
  const entry = find(host, fd)
  if (!entry) return
  whenResumed(entry, () => {
    if (!host.leases.covers(fd)) host.core.slots.release(fd)
    entry.finishWith(error == null ? undefined : errorOf(error, fd))
  })
}

function peerEnded(host: PluginHost, fd: number): void {
  const entry = find(host, fd)
  if (!entry) return
  whenResumed(entry, () => {
    const end = entry.handlers.end
    if (end) entry.guard(() => end(fd as any))
    if (entry.ended || entry.optional(SO_HALF_OPEN)) return
    host.closeQuietly(fd, {})
    entry.finishWith()
  })
}

function errorOf(record: unknown, fd: number): SocketError {
  const { code, message, category } = (record ?? {}) as Partial<ErrorRecord>
  if (typeof code !== 'string' || typeof message !== 'string' || typeof category !== 'string')
    throw lie('an error is no error record')
  return fromErrorRecord(record as ErrorRecord, { fd })
}

function count(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw lie(`${what} is no count`)
}

function lie(what: string): SocketError {
  return new SocketError('EPROTO', `the worker's frame is wrong: ${what}`)
}
