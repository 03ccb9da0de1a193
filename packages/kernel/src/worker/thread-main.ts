/**
 * Entry of a worker thread.
 * @module
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { portChannel } from '../link/port-channel.ts'
import { serve } from './serve.ts'

const { data, control } = workerData as { data: MessagePort; control: MessagePort }

const host = serve({ data: portChannel(data), control: portChannel(control) }, error => {
  if (error) throw error
  process.exit(0)
})

parentPort!.on('message', (port: MessagePort) => host.take(port))

// What was said before the end is heard, whatever the end.
process.once('exit', () => host.flush())
