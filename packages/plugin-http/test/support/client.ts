/** Clients on a kernel, and servers for them to ask. */
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net'
import { createKernel, type Isolation, type Kernel } from '@unisock/kernel'
import { type LogLine, memoryLogger } from '../../../../test/support/memory-logger.ts'
import { HTTP_CLIENT, http } from '../../src/index.ts'

export type ClientKernel = Kernel & { lines: LogLine[] }

export async function clientKernel(isolation: Isolation = 'inline'): Promise<ClientKernel> {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [http({ isolation })], logger })
  return Object.assign(kernel, { lines: logger.lines })
}

/** An HTTP client that is connected to a URL. */
export async function clientOf(
  kernel: Kernel,
  url: string,
  options: readonly (readonly [option: any, value: unknown])[] = [],
) {
  const fd = kernel.create(HTTP_CLIENT, {})
  for (const [option, value] of options) void kernel.setOption(fd, option, value)
  await kernel.connect(fd, url)
  return fd
}

interface Origin extends AsyncDisposable {
  readonly url: string
  readonly port: number
}

async function listening(server: Server | TcpServer, scheme: string, end: () => void): Promise<Origin> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${scheme}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      end()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A node:http server. */
export function origin(handler: RequestListener): Promise<Origin> {
  const server = createServer(handler)
  return listening(server, 'http', () => server.closeAllConnections())
}

export function secureOrigin(tls: { cert: string; key: string }, handler: RequestListener): Promise<Origin> {
  const server = createTlsServer({ ...tls }, handler)
  return listening(server, 'https', () => server.closeAllConnections())
}

/** A server that speaks for itself. */
export function rawOrigin(speak: (socket: Socket) => void): Promise<Origin> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    speak(socket)
  })
  return listening(server, 'http', () => {
    for (const socket of sockets) socket.destroy()
  })
}

/** Tells what it was asked, as JSON. */
export const mirror: RequestListener = (request, response) => {
  void bodyOf(request).then(body => {
    const { method, url, headers } = request
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ method, url, headers, body: body.toString('latin1') }))
  })
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export function redirect(response: ServerResponse, status: number, location: string): void {
  response.writeHead(status, { location }).end('elsewhere')
}
