/**
 * Entry of a worker process: the two socketpairs are inherited as descriptors 3 and 4.
 * @module
 */
import { Socket } from 'node:net'
import { streamChannel } from '../link/stream-channel.ts'
import { serve } from './serve.ts'

const DATA_FD = 3
const CONTROL_FD = 4

process.title = `unisock ${process.argv[2] ?? ''}`

const open = (fd: number): Socket => {
  const socket = new Socket({ fd, readable: true, writable: true })
  // The kernel is gone, with or without a goodbye: nothing is left to serve.
  socket.on('error', () => process.exit(0))
  socket.on('close', () => process.exit(0))
  return socket
}
const data = open(DATA_FD)
const control = open(CONTROL_FD)

const host = serve({ data: streamChannel(data), control: streamChannel(control) }, error => {
  if (error) throw error
  data.end(() => process.exit(0))
})

// What was said before the end is heard, whatever the end: a socketpair takes it at once.
process.once('exit', () => host.flush())
