import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { payload } from '../dialects/dialect.ts'
import { serving, work } from './report.ts'

const publish = process.argv[2] === 'frames' ? publishFrames : publishText
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 })
server.on('connection', socket => {
  socket.on('error', () => {})
  socket.on('message', data => {
    if (data.toString() === 'publish') publish()
    else work(5_000_000)
  })
})
await once(server, 'listening')
serving((server.address() as AddressInfo).port)

function publishText(): void {
  const text = JSON.stringify(payload())
  for (const socket of server.clients) socket.send(text)
}

/** The frame is built once: of text, all of it, with a length of 16 bits (RFC 6455 section 5.2). */
function publishFrames(): void {
  const text = Buffer.from(JSON.stringify(payload()))
  const head = Buffer.from([0x81, 126, 0, 0])
  head.writeUInt16BE(text.length, 2)
  const frame = Buffer.concat([head, text])
  for (const socket of server.clients) (socket as WebSocket & { _socket: Socket })._socket.write(frame)
}
