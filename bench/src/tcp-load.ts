/**
 * The load process for TCP: round trips of small messages, or bytes one way as fast as they are taken.
 * @module
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TcpLoad, TcpLoadResult } from './tcp-served.ts'

const { port, connections, seconds, kind, size } = JSON.parse(process.argv[2]!) as TcpLoad

const sockets = await Promise.all(
  Array.from({ length: connections }, async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    return socket
  }),
)
const started = performance.now()
const until = started + seconds * 1000
const messages = (await Promise.all(sockets.map(kind === 'echo' ? roundTrips : oneWay))).reduce(
  (a, b) => a + b,
)
const report: TcpLoadResult = { messages, seconds: (performance.now() - started) / 1000 }
process.send!(report, () => process.exit(0))

/** Sends a message when the last one is back. */
async function roundTrips(socket: Socket): Promise<number> {
  const message = Buffer.alloc(size, 'm')
  let done = 0
  let missing = size
  socket.on('data', chunk => {
    missing -= chunk.length
    if (missing > 0) return
    done++
    missing = size
    if (done % 16 === 0 && performance.now() > until) socket.end()
    else socket.write(message)
  })
  socket.write(message)
  await once(socket, 'close')
  return done
}

/** Sends until the time is over, then waits for the server to say it has read everything. */
async function oneWay(socket: Socket): Promise<number> {
  const message = Buffer.alloc(size, 'm')
  let done = 0
  while (performance.now() < until) {
    done++
    if (!socket.write(message)) await once(socket, 'drain')
  }
  socket.end()
  socket.resume()
  await once(socket, 'close')
  return done
}
