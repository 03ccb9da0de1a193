/** Kernels with the plugin, and fds on them. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import {
  type Addr,
  type BindTarget,
  createKernel,
  type Fd,
  type Handlers,
  type Isolation,
  type Kernel,
  type Mode,
  type ModeSpec,
} from '@unisock/kernel'
import { type LogLine, memoryLogger } from '../../../../test/support/memory-logger.ts'
import { net } from '../../src/index.ts'

export { Inbox } from '../../../../test/support/inbox.ts'
export { until } from '../../../../test/support/until.ts'

export const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

export type OptionRow = readonly [option: any, value: unknown]

export async function netKernel(isolation: Isolation = 'thread'): Promise<Kernel & { lines: LogLine[] }> {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [net({ isolation })], logger })
  return Object.assign(kernel, { lines: logger.lines })
}

/** A listener. */
export async function serving<S extends ModeSpec>(
  kernel: Kernel,
  mode: Mode<S>,
  handlers: Handlers<S>,
  options: readonly OptionRow[] = [],
  at: BindTarget = 0,
): Promise<{ server: Fd<S>; addr: Addr }> {
  const server = kernel.create(mode, handlers)
  for (const [option, value] of options) void kernel.setOption(server, option, value)
  void kernel.bind(server, at)
  return { server, addr: await kernel.listen(server) }
}

/** A connected client. */
export async function dialling<S extends ModeSpec>(
  kernel: Kernel,
  mode: Mode<S>,
  to: Addr,
  handlers: Handlers<S>,
  options: readonly OptionRow[] = [],
): Promise<Fd<S>> {
  const client = kernel.create(mode, handlers)
  for (const [option, value] of options) void kernel.setOption(client, option, value)
  await kernel.connect(
    client,
    to.family === 'local' ? { path: to.address } : { host: to.address, port: to.port },
  )
  return client
}

export interface Peer extends AsyncDisposable {
  readonly socket: Socket
  /** Waits until so many bytes have come, and takes them. */
  take(bytes: number): Promise<Buffer>
  /** Everything up to the end. */
  rest(): Promise<Buffer>
}

/** A plain TCP peer. */
export async function plainPeer({ port }: Addr): Promise<Peer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  await once(socket, 'connect')
  let wake = (): void => {}
  for (const event of ['readable', 'end', 'close']) socket.on(event, () => wake())
  socket.on('error', () => {})
  const more = (): Promise<void> =>
    new Promise(resolve => {
      wake = resolve
    })
  return {
    socket,
    async take(bytes) {
      for (;;) {
        const chunk = socket.read(bytes) as Buffer | null
        if (chunk && chunk.length === bytes) return chunk
        if (socket.readableEnded || socket.destroyed) throw new Error('the connection ended')
        await more()
      }
    },
    async rest() {
      const chunks: Buffer[] = []
      for (;;) {
        const chunk = socket.read() as Buffer | null
        if (chunk) chunks.push(chunk)
        else if (socket.readableEnded || socket.destroyed) return Buffer.concat(chunks)
        else await more()
      }
    },
    async [Symbol.asyncDispose]() {
      if (socket.closed) return
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
    },
  }
}
