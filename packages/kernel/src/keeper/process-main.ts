/**
 * Entry of a keeper's process: the control socketpair is inherited as descriptor 4, as a plugin worker's is.
 * @module
 */
import { Socket } from 'node:net'
import { streamChannel } from '../link/stream-channel.ts'
import { serve } from './serve.ts'

const CONTROL_FD = 4

process.title = `unisock ${process.argv[2] ?? ''}`

const control = new Socket({ fd: CONTROL_FD, readable: true, writable: true })
// The kernel is gone, with or without a goodbye: nothing is left to serve.
control.on('error', () => process.exit(0))
control.on('close', () => process.exit(0))

serve({ control: streamChannel(control) }, error => {
  if (error) throw error
  control.end(() => process.exit(0))
})
