/** Kernels and peers that tests own: `await using` ends them. */
import { once } from 'node:events'
import net from 'node:net'
import { memoryLogger } from '../../../../test/support/memory-logger.ts'
import {
  createKernel,
  type Handlers,
  type Isolation,
  type KernelOptions,
  type Mode,
} from '../../src/index.ts'
import type { Kernel } from '../../src/kernel.ts'
import { ECHO_SERVER, echo } from '../fixtures/echo/index.ts'

export { until } from '../../../../test/support/until.ts'

export const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

export async function echoKernel(isolation: Isolation, options: Partial<KernelOptions> = {}) {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [echo({ isolation })], logger, ...options })
  return Object.assign(kernel, { lines: logger.lines })
}

type EchoSpec = typeof ECHO_SERVER extends Mode<infer S> ? S : never

/** A listening echo server whose connections get the given handlers. */
export async function listening(kernel: Kernel, handlers: Handlers<EchoSpec> = {}) {
  const server = kernel.create(ECHO_SERVER, handlers)
  const addr = await kernel.bind(server, 0)
  await kernel.listen(server)
  return { server, addr }
}

/** A plain TCP peer with its input collected. */
export async function peer(port: number) {
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  const chunks: Buffer[] = []
  let wake = (): void => {}
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    wake()
  })
  socket.on('close', () => wake())
  socket.on('error', () => {})
  return Object.assign(socket, {
    received: () => Buffer.concat(chunks),
    /** Waits until so many bytes have arrived. */
    async bytes(count: number): Promise<Buffer> {
      while (Buffer.concat(chunks).length < count && !socket.destroyed)
        await new Promise<void>(resolve => {
          wake = resolve
        })
      return Buffer.concat(chunks)
    },
    /** Resolves when the connection is over, in peace or by a reset. */
    async ended(): Promise<void> {
      if (!socket.closed) await new Promise(resolve => socket.once('close', resolve))
    },
    async [Symbol.asyncDispose]() {
      if (socket.closed) return
      socket.destroy()
      await once(socket, 'close')
    },
  })
}

/** A promise with its resolvers, for handlers to settle. */
export function signal<T = void>() {
  return Promise.withResolvers<T>()
}
