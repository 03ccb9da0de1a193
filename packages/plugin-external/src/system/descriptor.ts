/**
 * Descriptors that the loop waits for, of whatever kind. A `net.Socket` refuses an eventfd or an inotify instance by its
 * number; libuv's pipe, which it is given instead, reads and writes anything that can be polled.
 * @module
 */
import { Socket } from 'node:net'
import type { System } from './system.ts'

interface PipeHandle {
  open(descriptor: number): number
  close(): void
}

let Pipe: (new (type: number) => PipeHandle) | undefined

/** A stream over the descriptor, which is closed with it. Never `end` it: only a socket can be shut down. */
export function openDescriptor(system: System, descriptor: number, writable: boolean): Socket {
  try {
    Pipe ??= pipeClass(system)
    const handle = new Pipe(0)
    if (handle.open(descriptor) !== 0) {
      handle.close()
      throw new Error('libuv does not take the descriptor')
    }
    return new Socket({ handle, readable: true, writable } as object)
  } catch (error) {
    system.close(descriptor)
    throw error
  }
}

/** Node exports no such class; a stream has one. */
function pipeClass(system: System): new (type: number) => PipeHandle {
  const [read, write] = system.pipe()
  system.close(write)
  const stream = new Socket({ fd: read, readable: true, writable: false })
  try {
    return (stream as unknown as { _handle: PipeHandle })._handle.constructor as never
  } finally {
    stream.destroy()
  }
}

/** The descriptor below a stream of this process. */
export function descriptorOf(stream: Socket): number {
  return (stream as unknown as { _handle: { fd: number } })._handle.fd
}
