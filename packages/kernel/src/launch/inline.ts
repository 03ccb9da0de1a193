/**
 * The worker in the owner's own thread, for debugging: real MessageChannels, no isolation.
 * @module
 */
import { MessageChannel } from 'node:worker_threads'
import { portChannel } from '../link/port-channel.ts'
import type { Launched, LaunchOptions } from './launched.ts'

const ENTRIES = {
  worker: () => import('../worker/serve.ts'),
  keeper: () => import('../keeper/serve.ts'),
}

export function launchInline({ entry }: LaunchOptions): Launched {
  const data = new MessageChannel()
  const control = new MessageChannel()
  const ports = [data.port1, data.port2, control.port1, control.port2]
  const gone = Promise.withResolvers<Error | undefined>()
  const served = ENTRIES[entry]().then(({ serve }) =>
    serve({ data: portChannel(data.port2), control: portChannel(control.port2) }, gone.resolve),
  )
  served.catch(gone.resolve)
  return {
    transport: { data: portChannel(data.port1), control: portChannel(control.port1) },
    exited: gone.promise,
    give: port =>
      void served.then(
        host => host.take(port),
        () => {},
      ),
    kill: () =>
      void served.then(
        host => host.dispose().finally(() => gone.resolve(new Error('stopped'))),
        () => {},
      ),
    ref: () => {
      for (const port of ports) port.ref()
    },
    unref: () => {
      for (const port of ports) port.unref()
    },
  }
}
