/**
 * Messaging servers under load.
 * @module
 */
import type { Contender } from './case.ts'
import type { DialectName } from './dialects/index.ts'
import { startLoad } from './load-process.ts'
import { startServer } from './server-process.ts'
import type { LoadResult } from './under-load.ts'

/** A module of `servers/`, its arguments, and what its clients speak. */
export interface Served {
  readonly server: string
  readonly args?: readonly string[]
  readonly dialect: DialectName
}

interface Told {
  readonly port: number
  readonly dialect: DialectName
  readonly connections: number
}

export interface FanOutLoad extends Told {
  /** Milliseconds between two events, at least: each is to reach everybody before the next. */
  readonly interval: number
}

export interface FanOutResult extends LoadResult {
  readonly events: number
}

export interface ResumeLoad extends Told {
  /** Events that a client misses each time. */
  readonly missed: number
}

export interface ResumeResult extends LoadResult {
  readonly recovered: number
}

export interface StallLoad extends Told {
  /** Milliseconds between two pings of a client. */
  readonly interval: number
}

export interface StallResult {
  /** Of the pings, how many were answered before the program was free again: from 0 to 1. */
  readonly answered: number
  /** Milliseconds. */
  readonly p99: number
}

type Of<L extends Told> = Omit<L, 'port' | 'dialect'>

const WARM_UP_SECONDS = 2
const QUICK_CONNECTIONS = 1000

/** Events that reach a client, for each second that the server's processor has spent. */
export const fanOut =
  ({ server, args, dialect }: Served, load: Of<FanOutLoad>): Contender =>
  async ({ quick }) => {
    await using running = await startServer(server, args)
    await using clients = await startLoad<FanOutResult>('fanout-load', {
      ...load,
      port: running.port,
      dialect,
    })
    await clients.run(WARM_UP_SECONDS)
    const before = await running.usage()
    const { events } = await clients.run(quick ? 2 : 8)
    const after = await running.usage()
    return { 'deliveries/cpu-s': events / ((after.process - before.process) / 1e6) }
  }

/** Resident memory of the server for each connection with nothing to do. */
export const idle =
  ({ server, args, dialect }: Served, load: Of<Told>): Contender =>
  async ({ quick }) => {
    const connections = quick ? QUICK_CONNECTIONS : load.connections
    await using running = await startServer(server, args)
    const before = await running.usage()
    const told = { connections, interval: 0, port: running.port, dialect }
    await using _clients = await startLoad<FanOutResult>('fanout-load', told)
    const after = await running.usage()
    return { 'rss-each': (after.rss - before.rss) / connections }
  }

/** Clients that came back and got what they missed, for each second that the server's processor has spent. */
/** Each cycle is mostly waiting: it takes several until the code that comes back is compiled. */
const RESUME_WARM_UP_SECONDS = 10

export const resume =
  ({ server, args, dialect }: Served, load: Of<ResumeLoad>): Contender =>
  async ({ quick }) => {
    await using running = await startServer(server, args)
    await using clients = await startLoad<ResumeResult>('resume-load', {
      ...load,
      port: running.port,
      dialect,
    })
    await clients.run(RESUME_WARM_UP_SECONDS)
    const before = await running.usage()
    const { recovered } = await clients.run(quick ? 4 : 10)
    const after = await running.usage()
    return { 'recovered/cpu-s': recovered / ((after.process - before.process) / 1e6) }
  }

/** Which pings are answered while the program is busy, and how soon. */
export const stall =
  ({ server, args, dialect }: Served, load: Of<StallLoad>): Contender =>
  async () => {
    await using running = await startServer(server, args)
    await using clients = await startLoad<StallResult>('stall-load', { ...load, port: running.port, dialect })
    return { ...(await clients.run(0)) }
  }
