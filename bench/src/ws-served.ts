/**
 * A WebSocket server in a process of its own, under load from another.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Contender } from './case.ts'
import { startServer } from './server-process.ts'

/** What the load process is told. */
export interface EchoLoad {
  readonly port: number
  readonly connections: number
  /** Characters of a message. */
  readonly size: number
  readonly seconds: number
}

export interface EchoResult {
  readonly messages: number
  readonly seconds: number
}

const WARM_UP_SECONDS = 1

/** Round trips a second, and CPU a message. */
export const webSocketEcho =
  (server: string, load: Pick<EchoLoad, 'connections' | 'size'>): Contender =>
  async ({ quick }) => {
    await using running = await startServer(server)
    const { port } = running
    await runLoad({ ...load, port, seconds: WARM_UP_SECONDS })
    const before = await running.usage()
    const { messages, seconds } = await runLoad({ ...load, port, seconds: quick ? 2 : 5 })
    const after = await running.usage()
    return {
      'messages/s': messages / seconds,
      'owner-cpu': (after.owner - before.owner) / messages,
      'process-cpu': (after.process - before.process) / messages,
    }
  }

async function runLoad(load: EchoLoad): Promise<EchoResult> {
  const child = fork(new URL('./ws-load.ts', import.meta.url), [JSON.stringify(load)])
  const [result] = (await once(child, 'message')) as [EchoResult]
  return result
}
