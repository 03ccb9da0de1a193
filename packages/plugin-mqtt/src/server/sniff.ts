/**
 * What a connection speaks, by its first byte: MQTT begins with a CONNECT packet, WebSocket with a GET.
 * @module
 */
import type { Socket } from 'node:net'

/** Milliseconds in which the first byte must come. */
const TIMEOUT = 10_000
const G = 0x47

/** Nothing is read of the socket afterwards. */
export function sniff(socket: Socket, mqtt: (socket: Socket) => void, http: (socket: Socket) => void): void {
  const ignore = (): void => {}
  const late = setTimeout(() => socket.destroy(), TIMEOUT)
  const read = (): void => {
    const chunk: Buffer | null = socket.read()
    if (chunk === null) {
      // The end has come before anything else.
      if (socket.readableEnded) socket.destroy()
      return
    }
    clearTimeout(late)
    socket.off('readable', read).off('error', ignore)
    socket.unshift(chunk)
    if (chunk[0] === G) http(socket)
    else mqtt(socket)
  }
  socket
    .on('error', ignore)
    .on('readable', read)
    .once('end', () => socket.destroy())
    .once('close', () => clearTimeout(late))
}
