/**
 * What a kernel tells of itself.
 * @module
 */
import type { Core, CoreCounters } from './core.ts'
import type { Entry, EntryState } from './fds/entry.ts'
import type { KeeperInspection } from './keeper/control.ts'
import type { LinkCounters } from './link/link.ts'
import type { Isolation } from './plugin/plugin.ts'
import type { PluginHost } from './supervise/host.ts'
import type { KeeperHost } from './supervise/keeper-host.ts'
import type { HostState } from './supervise/supervised.ts'
import type { Addr } from './types.ts'
import type { WorkerInspection } from './worker/control.ts'

/** One row of `status()`. */
export interface FdStatus {
  fd: number
  mode: string
  state: EntryState | 'paused'
  plugin: string
  worker: string
  listener: number | undefined
  local: Addr | undefined
  remote: Addr | undefined
  bytesIn: number
  bytesOut: number
  messagesIn: number
  messagesOut: number
  /** Bytes written that the worker has not taken over. */
  queued: number
  /** Messages a slow reader did not get. */
  drops: number
  /** Milliseconds since it was opened. */
  age: number
}

export function statusOf(entry: Entry): FdStatus {
  const { fd, mode, host, local, addr, bytesIn, bytesOut, messagesIn, messagesOut, queued, drops } = entry
  return {
    fd,
    mode: mode.name,
    state: entry.paused ? 'paused' : entry.phase,
    plugin: mode.package,
    worker: host.name,
    listener: entry.isConnection ? entry.listener : undefined,
    local,
    remote: addr,
    bytesIn,
    bytesOut,
    messagesIn,
    messagesOut,
    queued,
    drops,
    age: performance.now() - entry.opened,
  }
}

export interface Metrics extends CoreCounters {
  fds: number
  /** Functions of option values that workers may name. */
  functions: number
  workers: Record<string, LinkCounters & { state: HostState; restarts: number; pendingCalls: number }>
  /** By the name of the worker that each stands by. */
  keepers: Record<string, { state: HostState; restarts: number }>
}

export function metrics(core: Core, hosts: readonly PluginHost[], keepers: readonly KeeperHost[]): Metrics {
  return {
    ...core.counters,
    fds: core.table.size,
    functions: core.functions.size,
    workers: Object.fromEntries(
      hosts.map(host => [
        host.name,
        { ...host.counters, state: host.state, restarts: host.restarts, pendingCalls: host.calls.size },
      ]),
    ),
    keepers: Object.fromEntries(keepers.map(({ name, state, restarts }) => [name, { state, restarts }])),
  }
}

export interface Inspection {
  workers: {
    name: string
    isolation: Isolation
    state: HostState
    restarts: number
    plugins: { name: string; version: string; modes: string[] }[]
    /** Absent while the worker is down. */
    inside: WorkerInspection | undefined
  }[]
  keepers: {
    /** The worker it stands by. */
    worker: string
    isolation: Isolation
    state: HostState
    restarts: number
    /** Absent while the keeper is down. */
    inside: KeeperInspection | undefined
  }[]
  fds: FdStatus[]
}

export async function inspect(
  core: Core,
  hosts: readonly PluginHost[],
  keepers: readonly KeeperHost[],
): Promise<Inspection> {
  const workers = hosts.map(async host => ({
    name: host.name,
    isolation: host.isolation,
    state: host.state,
    restarts: host.restarts,
    plugins: host.plugins.map(({ definition }) => ({
      name: definition.name,
      version: definition.version,
      modes: definition.modes.map(mode => mode.name),
    })),
    inside: await host.inspect(),
  }))
  const kept = keepers.map(async keeper => ({
    worker: keeper.name,
    isolation: keeper.isolation,
    state: keeper.state,
    restarts: keeper.restarts,
    inside: await keeper.inspect(),
  }))
  return {
    workers: await Promise.all(workers),
    keepers: await Promise.all(kept),
    fds: Array.from(core.table, statusOf),
  }
}
