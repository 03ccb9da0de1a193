/**
 * The way from a worker to the keeper of its store, past the kernel: a port where both live in this process, else the
 * keeper's local socket.
 * @module
 */
import { MessageChannel } from 'node:worker_threads'
import type { KeeperAddress } from '../keeper/control.ts'
import type { KeeperIncarnation } from './keeper-incarnation.ts'
import type { WorkerIncarnation } from './worker-incarnation.ts'

export function connect(
  keeper: KeeperIncarnation,
  worker: WorkerIncarnation,
  address: KeeperAddress | undefined,
): void {
  if (address) return worker.order({ kind: 'store', ...address })
  const { port1, port2 } = new MessageChannel()
  keeper.give(port1)
  worker.give(port2)
}
