/**
 * The Hydrogen client for browsers, out of its package: as it was built, or its TypeScript without the types.
 * @module
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'

export interface ClientModules {
  /** The one that the others are reached from. */
  readonly entry: string
  /** Source text by path. */
  readonly sources: ReadonlyMap<string, string>
}

/** Reads them in a thread of their own: taking the types out is no work for the world's. */
export async function readClientModules(): Promise<ClientModules> {
  const entry = createRequire(import.meta.url).resolve('@unisock/plugin-ws/client')
  const worker = new Worker(new URL('./module-reader.ts', import.meta.url), {
    workerData: entry,
    // Node calls the function that takes types out experimental, once a thread.
    stderr: true,
  })
  const [modules] = await once(worker, 'message')
  return modules
}
