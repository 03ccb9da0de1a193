/**
 * Entry of a keeper's thread.
 * @module
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { portChannel } from '../link/port-channel.ts'
import { serve } from './serve.ts'

const { control } = workerData as { control: MessagePort }

const keeper = serve({ control: portChannel(control) }, error => {
  if (error) throw error
  process.exit(0)
})

parentPort!.on('message', (port: MessagePort) => keeper.take(port))
