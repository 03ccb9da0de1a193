/**
 * A TCP server in a process of its own, under load from another.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Contender } from './case.ts'
import { startServer } from './server-process.ts'

/** What the load process is told. */
export interface TcpLoad {
  readonly port: number
  readonly kind: 'echo' | 'bulk'
  readonly connections: number
  /** Bytes of a message. */
  readonly size: number
  readonly seconds: number
}

export interface TcpLoadResult {
  readonly messages: number
  readonly seconds: number
}

const WARM_UP_SECONDS = 1

/** Round trips or bytes a second, and CPU a message or a MB. */
export const tcp =
  (server: string, load: Omit<TcpLoad, 'port' | 'seconds'>): Contender =>
  async ({ quick }) => {
    await using running = await startServer(server, [load.kind])
    const { port } = running
    await runLoad({ ...load, port, seconds: WARM_UP_SECONDS })
    const before = await running.usage()
    const { messages, seconds } = await runLoad({ ...load, port, seconds: quick ? 2 : 5 })
    const after = await running.usage()
    const units = load.kind === 'echo' ? messages : (messages * load.size) / 1e6
    return {
      'units/s': units / seconds,
      'owner-cpu': (after.owner - before.owner) / units,
      'process-cpu': (after.process - before.process) / units,
    }
  }

async function runLoad(load: TcpLoad): Promise<TcpLoadResult> {
  const child = fork(new URL('./tcp-load.ts', import.meta.url), [JSON.stringify(load)])
  const [result] = (await once(child, 'message')) as [TcpLoadResult]
  return result
}
