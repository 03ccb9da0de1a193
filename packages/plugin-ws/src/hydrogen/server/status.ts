/**
 * How a server is: under the names of the original, and under those of its documentation.
 * @module
 */
import { readFileSync } from 'node:fs'
import { hostname, machine, release, type, version } from 'node:os'

export interface StatusFacts {
  readonly since: number
  readonly shuttingDown: boolean
  readonly connections: number
  readonly totalConnections: number
  readonly totalRequests: number
}

/** What does not change while the process runs. */
const SYSTEM = {
  sysname: type(),
  nodename: hostname(),
  release: release(),
  version: version(),
  machine: machine(),
}

/** The share of one core that the process has used since the last time that was asked. */
export class CpuLoad {
  #usage = process.cpuUsage()
  #time = performance.now()

  read(): number {
    const elapsed = performance.now() - this.#time
    if (elapsed < 1) return 0
    const { user, system } = process.cpuUsage(this.#usage)
    this.#usage = process.cpuUsage()
    this.#time = performance.now()
    return Math.round((user + system) / elapsed) / 1000
  }
}

/** Of Linux; elsewhere nothing is known of them. */
function processFacts(): { threads: number | null; virtual: number | null } {
  try {
    const text = readFileSync('/proc/self/status', 'latin1')
    const number = (name: string): number | null => {
      const found = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)
      return found ? Number(found[1]) : null
    }
    const kilobytes = number('VmSize')
    return { threads: number('Threads'), virtual: kilobytes === null ? null : kilobytes * 1024 }
  } catch {
    return { threads: null, virtual: null }
  }
}

export function statusOf(facts: StatusFacts, cpuLoad: number): object {
  const { threads, virtual } = processFacts()
  const resident = process.memoryUsage.rss()
  return {
    server_running: !facts.shuttingDown,
    memory_usage: resident,
    cpu_load: cpuLoad,
    thread_count: threads,
    server_start_time: new Date(facts.since).toISOString(),
    active_connections: facts.connections,
    total_connections: facts.totalConnections,
    total_requests: facts.totalRequests,
    system: SYSTEM,
    status: {
      running: !facts.shuttingDown,
      shutting_down: facts.shuttingDown,
      totalThreads: threads,
      totalVirtualMemoryBytes: virtual,
      totalResidentMemoryBytes: resident,
    },
  }
}
