/** A relay between a client and a server that keeps what went through it, in Latin-1: a character a byte. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { Transcript } from './transcript.ts'

export interface Tap extends AsyncDisposable {
  readonly port: number
  /** What the client sent. */
  readonly up: Transcript
  /** What the server sent. */
  readonly down: Transcript
}

export async function tap(serverPort: number): Promise<Tap> {
  const up = new Transcript()
  const down = new Transcript()
  const sockets: Socket[] = []
  const relay = createServer(client => {
    const server = connect(serverPort, '127.0.0.1')
    sockets.push(client, server)
    join(client, server, up)
    join(server, client, down)
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  return {
    port: (relay.address() as AddressInfo).port,
    up,
    down,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      relay.close()
      await once(relay, 'close')
    },
  }
}

function join(from: Socket, to: Socket, kept: Transcript): void {
  from
    .on('data', chunk => {
      kept.feed(chunk.toString('latin1'))
      to.write(chunk)
    })
    .on('end', () => to.end())
    .on('error', () => to.destroy())
    .on('close', kept.end)
}
