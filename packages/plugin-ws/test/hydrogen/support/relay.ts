/**
 * A wire between a client and a server that can be throttled and cut, and keeps what the server sent.
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Relay extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** Takes nothing more from the server. */
  pause(): void
  resume(): void
  /** Ends its connections without a word; what was not taken from the server is lost. */
  cut(): void
  /** All that the server has sent, of connections one after the other. */
  down(): Buffer
}

export async function relay(serverPort: number): Promise<Relay> {
  const sockets: Socket[] = []
  const servers: Socket[] = []
  const chunks: Buffer[] = []
  const listener = createServer(client => {
    const server = connect(serverPort, '127.0.0.1')
    sockets.push(client, server)
    servers.push(server)
    client
      .on('data', chunk => server.write(chunk))
      .on('error', () => {})
      .on('close', () => server.destroy())
    server
      .on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        client.write(chunk)
      })
      .on('error', () => {})
      .on('close', () => client.end())
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    port,
    url: `ws://127.0.0.1:${port}/`,
    pause: () => void servers.map(server => server.pause()),
    resume: () => void servers.map(server => server.resume()),
    cut: () => void sockets.splice(0).map(socket => socket.destroy()),
    down: () => Buffer.concat(chunks),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      listener.close()
      await once(listener, 'close')
    },
  }
}
