/**
 * Gives a restarted worker its fds back: the same numbers, options, addresses and kept rows.
 * @module
 */
import type { Entry } from '../fds/entry.ts'
import { TO_WORKER } from '../link/frames.ts'
import type { PluginHost } from './host.ts'

export function replay(host: PluginHost): void {
  const entries = Array.from(host.core.table).filter(entry => entry.host === host)
  // All fds are there before any is bound: a bind may name another fd.
  for (const { fd, mode, journal } of entries)
    host.frame(TO_WORKER.CREATE, fd, 2, mode.number, journal.kept.size > 0 ? [...journal.kept] : null)
  for (const entry of entries) replayEntry(host, entry)
  // What the lost worker held of them it gives no credit for any more.
  for (const entry of entries) entry.credited(entry.queued)
}

function replayEntry(host: PluginHost, entry: Entry): void {
  const { fd, journal } = entry
  const refused = (error: Error): void => entry.finishWith(error)
  for (const { definition, key, wire } of entry.values.journal())
    host.call(TO_WORKER.OPTION, fd, definition.number, wire, key).catch(refused)
  if (journal.bound) host.call(TO_WORKER.BIND, fd, journal.bound).catch(refused)
  if (journal.listening) host.call(TO_WORKER.LISTEN, fd).catch(refused)
  if (journal.connected) host.call(TO_WORKER.CONNECT, fd, journal.connected).catch(refused)
}

/** What holds no connection is opened again; a connection is over with its worker. */
export function survivesRestart(entry: Entry): boolean {
  if (entry.isConnection) return false
  if (entry.isListener || entry.mode.restart === 'reconnect') return true
  return entry.mode.kind === 'both' && (entry.phase === 'new' || entry.phase === 'bound')
}
