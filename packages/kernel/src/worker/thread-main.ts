/**
 * Entry of a worker thread.
 * @module
 */
import { type MessagePort, workerData } from 'node:worker_threads'
import { portChannel } from '../link/port-channel.ts'
import { serve } from './serve.ts'

const { data, control } = workerData as { data: MessagePort; control: MessagePort }

serve({ data: portChannel(data), control: portChannel(control) }, error => {
  if (error) throw error
  process.exit(0)
})
