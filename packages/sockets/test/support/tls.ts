/** Both ends of a TLS connection in tests. */
import type { Issued } from '../../../../test/support/certificates.ts'
import {
  connect,
  type DialOptions,
  type ListenOptions,
  listen,
  type TcpServer,
  type TlsClientOptions,
  type TlsServerOptions,
} from '../../src/index.ts'
import { portOf } from './resources.ts'

export function identity({ certificate, privateKey }: Issued): { cert: string; key: string } {
  return { cert: certificate, key: privateKey }
}

/** A server that answers each connection with what it was sent, until the test's end. */
export async function echoServer(tls: TlsServerOptions, options: ListenOptions = {}): Promise<TcpServer> {
  const server = await listen(0, { ...options, tls })
  const serving = server.accept(async socket => {
    await using _socket = socket
    for await (const chunk of socket) await socket.write(chunk)
    await socket.closeWrite()
  })
  // What a client breaks off is for the client's side of the test.
  serving.catch(() => {})
  return server
}

/** Sends `text` and its end over a connection of its own; resolves with the answer. */
export async function ask(
  server: TcpServer,
  tls: TlsClientOptions,
  { text = 'hello', ...options }: DialOptions & { text?: string } = {},
): Promise<string> {
  await using socket = await connect('localhost', portOf(server), { ...options, tls })
  await socket.write(text)
  await socket.closeWrite()
  return (await socket.read()).toString()
}

/** What {@link ask} fails with: the code of its error, which is of this package. */
export async function refusal(server: TcpServer, tls: TlsClientOptions): Promise<string> {
  try {
    return `no refusal: ${await ask(server, tls)}`
  } catch (error) {
    const { name, code } = error as { name: string; code: string }
    return name.endsWith('SocketsError') || name === 'TlsOptionError' ? code : `${name} ${code}`
  }
}
