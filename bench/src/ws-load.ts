/**
 * The load process for WebSockets: round trips of small text messages.
 * @module
 */
import { once } from 'node:events'
import type { WebSocket } from 'ws'
import { DIALECTS, open } from './dialects/index.ts'
import type { EchoLoad, EchoResult } from './ws-served.ts'

const { port, connections, seconds, size, dialect: name } = JSON.parse(process.argv[2]!) as EchoLoad
const dialect = DIALECTS[name]

const sockets = await Promise.all(
  Array.from({ length: connections }, async () => {
    const socket = await open(dialect, port)
    await dialect.join(socket)
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
  const message = dialect.echo('m'.repeat(size))
  let done = 0
  socket.on('message', (data: Buffer) => {
    if (data.length < size) return dialect.answer?.(socket, data)
    done++
    if (done % 16 === 0 && performance.now() > until) socket.close()
    else socket.send(message)
  })
  socket.send(message)
  await once(socket, 'close')
  return done
}
