/**
 * A worker's life: load the plugins it is told to, serve their fds, stop.
 * @module
 */
import { expose } from 'comlink'
import { SocketError } from '../errors.ts'
import { ControlPort, type Notice, type Order } from '../link/control.ts'
import { FRAME_VERSION } from '../link/frames.ts'
import type { Transport } from '../link/transport.ts'
import { isWorkerDefinition, type WorkerDefinition } from '../plugin/driver.ts'
import { answer, type Hello, type StartOptions, type WorkerControl } from './control.ts'
import { WorkerHost } from './worker-host.ts'

/** `onEnd` is called once the worker has stopped, or cannot go on. */
export function serve(transport: Transport, onEnd: (error?: Error) => void): WorkerHost {
  const broken = (error: unknown): void => onEnd(error as Error)
  const control = new ControlPort<Order, Notice>(transport.control, order => obey(host, order), broken)
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

function obey(host: WorkerHost, order: Order): void {
  switch (order.kind) {
    case 'abort':
      return host.table.get(order.fd)?.abort()
    case 'store':
      return void host.stores.keeper.then(keeper => keeper.dial(order))
    case 'store-gone':
      return void host.stores.keeper.then(keeper => keeper.giveUp(new Error(order.reason)))
    default:
      return host.spawning.obey(order)
  }
}

async function start(host: WorkerHost, options: StartOptions): Promise<Hello> {
  for (const [option, value] of options.defaults) host.defaults.set(option, value)
  for (const option of options.appending) host.appending.add(option)
  host.spawning.start(options.hosted)
  const loading = options.plugins.map(async ({ name, worker, modes }) => {
    const definition = await load(name, worker)
    return { name, modes, definition, lacking: (await definition.lacking?.()) ?? [] }
  })
  const [loaded] = await Promise.all([Promise.all(loading), host.stores.start(options.store)])
  for (const { name, modes, definition } of loaded)
    for (const mode of modes) host.serve(mode, name, definition)
  const lacking = loaded.flatMap(each => each.lacking)
  return { frameVersion: FRAME_VERSION, pid: process.pid, node: process.version, lacking }
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
