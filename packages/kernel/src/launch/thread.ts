/**
 * A worker thread. Contains exceptions, not memory.
 * @module
 */
import { MessageChannel, Worker } from 'node:worker_threads'
import { portChannel } from '../link/port-channel.ts'
import { sibling } from '../plugin/plugin.ts'
import { threadFlags } from './flags.ts'
import type { Launched, LaunchOptions } from './launched.ts'

export function launchThread({ entry, name, resourceLimits }: LaunchOptions): Launched {
  const data = new MessageChannel()
  const control = new MessageChannel()
  const worker = new Worker(sibling(`../${entry}/thread-main`, import.meta.url), {
    name: `unisock ${name}`,
    workerData: { data: data.port2, control: control.port2 },
    transferList: [data.port2, control.port2],
    ...threadFlags(),
    ...(resourceLimits ? { resourceLimits } : {}),
  })
  let failure: Error | undefined
  worker.on('error', error => {
    failure = error instanceof Error ? error : new Error(String(error))
  })
  const exited = new Promise<Error | undefined>(resolve => {
    worker.once('exit', code => resolve(failure ?? (code === 0 ? undefined : new Error(`exit code ${code}`))))
  })
  return {
    transport: { data: portChannel(data.port1), control: portChannel(control.port1) },
    exited,
    give: port => worker.postMessage(port, [port]),
    kill: () => void worker.terminate(),
    ref() {
      for (const handle of [worker, data.port1, control.port1]) handle.ref()
    },
    unref() {
      for (const handle of [worker, data.port1, control.port1]) handle.unref()
    },
  }
}
