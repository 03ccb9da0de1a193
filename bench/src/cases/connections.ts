/**
 * 10 000 idle connections: what each costs in memory, through the kernel and beside node:net.
 * @module
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Case, Contender } from '../case.ts'
import { startServer } from '../server-process.ts'

const CONNECTIONS = 10_000
const QUICK = 2_000

const idle =
  (server: string): Contender =>
  async ({ quick }) => {
    const connections = quick ? QUICK : CONNECTIONS
    await using running = await startServer(server, ['bulk'])
    const before = await running.usage()
    const clients = fork(new URL('../idle-load.ts', import.meta.url), [
      JSON.stringify({ port: running.port, connections }),
    ])
    await once(clients, 'message')
    const after = await running.usage()
    const exited = once(clients, 'exit')
    clients.kill('SIGKILL')
    await exited
    return { 'rss-each': (after.rss - before.rss) / connections }
  }

export const connections: Case = {
  name: 'connections',
  contenders: { unisock: idle('unisock-net'), sockets: idle('sockets'), 'node:net': idle('node-net') },
  metrics: [{ figure: 'rss-each', unit: 'bytes each', against: 'node:net', goal: { atMost: 1.5 } }],
  rounds: 3,
}
