import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { payload } from '../dialects/dialect.ts'
import { serving, work } from './report.ts'

const http = createServer()
const io = new Server(http, {
  transports: ['websocket'],
  ...(process.argv[2] === 'recovery' && { connectionStateRecovery: {} }),
})
io.on('connection', socket => {
  socket.on('echo', text => socket.emit('echo', text))
  socket.on('publish', () => io.emit('event', payload()))
  socket.on('block', () => work(5_000_000))
})
http.listen(0, '127.0.0.1', 4096)
await once(http, 'listening')
serving((http.address() as AddressInfo).port)
