/**
 * A server in a process of its own, under load from another.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Contender, Figures } from './case.ts'
import { startServer } from './server-process.ts'

/** What the load process is told. */
export interface Load {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly method?: 'GET' | 'POST'
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly failures: number
  /** Milliseconds. */
  readonly p99: number
}

export interface ServedOptions extends Omit<Load, 'url' | 'seconds'> {
  /** A module of `servers/`. */
  readonly server: string
  readonly path?: string
  readonly quick: boolean
}

const WARM_UP_SECONDS = 1

/** A contender that answers `GET /` over 64 keep-alive connections. */
export const plain =
  (server: string): Contender =>
  ({ quick }) =>
    underLoad({ server, connections: 64, quick })

/** Starts the server, warms it up, loads it, and gives requests/s, p99 and CPU a request. */
export async function underLoad({ server, path = '/', quick, ...load }: ServedOptions): Promise<Figures> {
  await using running = await startServer(server)
  const url = `http://127.0.0.1:${running.port}${path}`
  await runLoad({ ...load, url, seconds: WARM_UP_SECONDS })
  const before = await running.usage()
  const { requests, seconds, failures, p99 } = await runLoad({ ...load, url, seconds: quick ? 2 : 5 })
  const after = await running.usage()
  if (failures > 0) throw new Error(`${server}: ${failures} requests failed`)
  return {
    'requests/s': requests / seconds,
    p99,
    'owner-cpu': (after.owner - before.owner) / requests,
    'process-cpu': (after.process - before.process) / requests,
  }
}

async function runLoad(load: Load): Promise<LoadResult> {
  const child = fork(new URL('./load.ts', import.meta.url), [JSON.stringify(load)])
  const [result] = (await once(child, 'message')) as [LoadResult]
  return result
}
