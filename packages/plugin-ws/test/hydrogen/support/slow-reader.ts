/** A client that can stop reading, and the server's end of its connection. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { HydrogenPeer, type PeerOptions } from './peer.ts'
import { type Relay, relay } from './relay.ts'
import type { Serving } from './server.ts'

const ACCEPTED = 'net.server.socket'

export interface SlowReader extends AsyncDisposable {
  readonly peer: HydrogenPeer
  /** In between: `pause` is what makes the reader slow. */
  readonly wire: Relay
  /** The server's, which is inline. */
  readonly socket: Socket
  /** Bytes that the system has taken over: nothing overtakes them any more. */
  given(): number
}

export async function slowReader(served: Serving, options?: PeerOptions): Promise<SlowReader> {
  const wire = await relay(served.port)
  const accepted: Socket[] = []
  const note = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    if (socket.localPort === served.port) accepted.push(socket)
  }
  subscribe(ACCEPTED, note)
  const peer = await HydrogenPeer.connected(wire.url, options)
  unsubscribe(ACCEPTED, note)
  const socket = accepted[0]!
  return {
    peer,
    wire,
    socket,
    given: () => socket.bytesWritten - socket.writableLength,
    async [Symbol.asyncDispose]() {
      wire.resume()
      await peer.cut()
      await wire[Symbol.asyncDispose]()
    },
  }
}
