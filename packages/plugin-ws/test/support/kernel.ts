/** Kernels with the plugin, listeners and clients on them. */
import { once } from 'node:events'
import {
  type Addr,
  type BindTarget,
  type ConnectTarget,
  createKernel,
  type Fd,
  type Handlers,
  type Isolation,
  type Kernel,
  type Mode,
  type ModeSpec,
} from '@unisock/kernel'
import { WebSocket } from 'ws'
import { Inbox } from '../../../../test/support/inbox.ts'
import { type LogLine, memoryLogger } from '../../../../test/support/memory-logger.ts'
import { WEBSOCKET_CLIENT, WEBSOCKET_SERVER, ws } from '../../src/index.ts'

export { Inbox } from '../../../../test/support/inbox.ts'
export { until } from '../../../../test/support/until.ts'

export const ISOLATIONS: readonly Isolation[] = ['thread', 'process', 'inline']

export type OptionRow = readonly [option: any, value: unknown]
type SpecOf<M> = M extends Mode<infer S extends ModeSpec> ? S : never
export type ServerSpec = SpecOf<typeof WEBSOCKET_SERVER>
export type ServerHandlers = Handlers<ServerSpec>
export type ClientSpec = SpecOf<typeof WEBSOCKET_CLIENT>

export async function wsKernel(isolation: Isolation = 'inline'): Promise<Kernel & { lines: LogLine[] }> {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [ws({ isolation })], logger })
  return Object.assign(kernel, { lines: logger.lines })
}

export interface Serving {
  server: Fd<ServerSpec>
  addr: Addr
  port: number
  url: string
}

/** A listener, of mode 30 unless said otherwise. */
export async function serving(
  kernel: Kernel,
  handlers: ServerHandlers,
  options: readonly OptionRow[] = [],
  { mode = WEBSOCKET_SERVER as Mode<any>, at = 0 as BindTarget } = {},
): Promise<Serving> {
  const server = kernel.create(mode, handlers as Handlers<any>) as Fd<ServerSpec>
  for (const [option, value] of options) void kernel.setOption(server, option, value)
  void kernel.bind(server, at)
  const addr = await kernel.listen(server)
  const scheme = mode === (WEBSOCKET_SERVER as number) ? 'ws' : 'wss'
  return { server, addr, port: addr.port, url: `${scheme}://127.0.0.1:${addr.port}/` }
}

/** Handlers that send every message back as it came. */
export function echoing(kernel: () => Kernel, handlers: ServerHandlers = {}): ServerHandlers {
  return { message: (fd, message) => void kernel().write(fd, message.data), ...handlers }
}

/** A connected client, of mode 31 unless said otherwise. */
export async function dialling(
  kernel: Kernel,
  to: ConnectTarget,
  handlers: Handlers<ClientSpec> = {},
  options: readonly OptionRow[] = [],
  mode: Mode<any> = WEBSOCKET_CLIENT,
): Promise<Fd<ClientSpec>> {
  const client = kernel.create(mode, handlers as Handlers<any>) as Fd<ClientSpec>
  for (const [option, value] of options) void kernel.setOption(client, option, value)
  await kernel.connect(client, to)
  return client
}

/** A client of the `ws` library with its messages collected, and how it was closed. */
export interface Peer extends AsyncDisposable {
  readonly socket: WebSocket
  readonly inbox: Inbox<string | Buffer>
  readonly closed: Promise<{ code: number; reason: string }>
}

export async function peer(
  url: string,
  protocols: string[] = [],
  options: WebSocket.ClientOptions = {},
): Promise<Peer> {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
  const inbox = new Inbox<string | Buffer>()
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  socket.on('message', (data, binary) => inbox.put(binary ? (data as Buffer) : String(data)))
  socket.on('close', (code, reason) => closed.resolve({ code, reason: String(reason) }))
  await once(socket, 'open')
  socket.on('error', () => {})
  return {
    socket,
    inbox,
    closed: closed.promise,
    async [Symbol.asyncDispose]() {
      socket.terminate()
      await closed.promise
    },
  }
}

/** Resolves with the status of a handshake that is refused. */
export function refusedWith(
  url: string,
  protocols: string[] = [],
  options: WebSocket.ClientOptions = {},
): Promise<{ status: number; headers: Record<string, string | string[] | undefined> }> {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options })
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate()
      reject(new Error('it was not refused'))
    })
    socket.on('error', reject)
    socket.on('unexpected-response', (request, response) => {
      request.destroy()
      socket.removeAllListeners('error').on('error', () => {})
      resolve({ status: response.statusCode!, headers: response.headers })
    })
  })
}
