/**
 * The load process for WebSockets: round trips of small text messages.
 * @module
 */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { EchoLoad, EchoResult } from './ws-served.ts'

const { port, connections, seconds, size } = JSON.parse(process.argv[2]!) as EchoLoad

const sockets = await Promise.all(
  Array.from({ length: connections }, async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    await once(socket, 'open')
    return socket
  }),
)
const started = performance.now()
const until = started + seconds * 1000
const messages = (await Promise.all(sockets.map(roundTrips))).reduce((a, b) => a + b)
const report: EchoResult = { messages, seconds: (performance.now() - started) / 1000 }
process.send!(report, () => process.exit(0))

/** Sends a message when the last one is back. */
async function roundTrips(socket: WebSocket): Promise<number> {
  const message = 'm'.repeat(size)
  let done = 0
  socket.on('message', () => {
    done++
    if (done % 16 === 0 && performance.now() > until) socket.close()
    else socket.send(message)
  })
  socket.send(message)
  await once(socket, 'close')
  return done
}
