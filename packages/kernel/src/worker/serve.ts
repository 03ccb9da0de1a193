/**
 * A worker's life: load the plugins it is told to, serve their fds, stop.
 * @module
 */
import { expose } from 'comlink'
import { SocketError, toErrorRecord } from '../errors.ts'
import { ControlPort, type Notice, type Order } from '../link/control.ts'
import { FRAME_VERSION } from '../link/frames.ts'
import type { Transport } from '../link/transport.ts'
import { isWorkerDefinition, type WorkerDefinition } from '../plugin/driver.ts'
import type { Answer, StartOptions, WorkerControl } from './control.ts'
import { WorkerHost } from './worker-host.ts'

/** `onEnd` is called once the worker has stopped, or cannot go on. */
export function serve(transport: Transport, onEnd: (error?: Error) => void): WorkerHost {
  const broken = (error: unknown): void => onEnd(error as Error)
  const obey = (order: Order): void => host.table.get(order.fd)?.abort()
  const control = new ControlPort<Order, Notice>(transport.control, obey, broken)
  const host = new WorkerHost(transport.data, control, broken)
  const exposed: WorkerControl = {
    start: options => answer(() => start(host, options)),
    inspect: () => answer(() => host.inspect()),
    stop: deadline =>
      answer(async () => {
        await host.stop(deadline)
        setImmediate(onEnd)
        return null
      }),
  }
  expose(exposed, control.endpoint)
  return host
}

async function start(host: WorkerHost, options: StartOptions) {
  for (const [option, value] of options.defaults) host.defaults.set(option, value)
  for (const option of options.appending) host.appending.add(option)
  const loaded = await Promise.all(
    options.plugins.map(async ({ name, worker, modes }) => ({ modes, definition: await load(name, worker) })),
  )
  for (const { modes, definition } of loaded) for (const mode of modes) host.serve(mode, definition)
  return { frameVersion: FRAME_VERSION, pid: process.pid, node: process.version }
}

async function load(name: string, url: string): Promise<WorkerDefinition> {
  let module: { default?: unknown }
  try {
    module = await import(url)
  } catch (error) {
    throw new SocketError(
      'EPLUGINLOAD',
      `plugin ${name}: ${url} cannot be loaded: ${(error as Error).message}`,
      {
        cause: error,
      },
    )
  }
  if (isWorkerDefinition(module.default)) return module.default
  throw new SocketError('EPLUGINLOAD', `plugin ${name}: ${url} has no default export made by defineWorker`)
}

/** Errors are values here: Comlink would strip their codes. */
async function answer<T>(work: () => T | Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, error: toErrorRecord(error, 'EPLUGIN') }
  }
}
