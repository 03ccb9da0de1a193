/**
 * The load process for HTTP clients: a server that answers with as little effort as there can be, and counts. It tells the
 * client where it is, which then asks until it is told no more.
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { AskedLoad, AskedResult } from './http-asked.ts'

const { port, seconds } = JSON.parse(process.argv[2]!) as AskedLoad
const BODY = JSON.stringify({ id: 17, name: 'a thing of some length', tags: ['one', 'two', 'three'] })
const RESPONSE = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n${BODY}`,
)
const END = Buffer.from('\r\n\r\n')
let requests = 0

const origin = createServer(socket => {
  socket.setNoDelay().on('error', () => {})
  // Requests without a body, and none before the last is answered: a chunk that ends a head is one.
  socket.on('data', (chunk: Buffer) => {
    if (!chunk.subarray(-4).equals(END)) return
    requests++
    socket.write(RESPONSE)
  })
})
origin.listen(0, '127.0.0.1')
await once(origin, 'listening')
const client = connect(port, '127.0.0.1')
client.write(String((origin.address() as AddressInfo).port))
await new Promise<void>(resolve => {
  const poll = setInterval(() => {
    if (requests === 0) return
    clearInterval(poll)
    resolve()
  }, 1)
})
const started = performance.now()
const before = requests
await new Promise(resolve => setTimeout(resolve, seconds * 1000))
const report: AskedResult = { requests: requests - before, seconds: (performance.now() - started) / 1000 }
client.destroy()
process.send!(report, () => process.exit(0))
