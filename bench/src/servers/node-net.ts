import { type AddressInfo, createServer } from 'node:net'
import { serving } from './report.ts'

const echo = process.argv[2] === 'echo'
const server = createServer({ noDelay: true }, socket => {
  socket.on('error', () => {})
  socket.on('data', chunk => {
    if (echo) socket.write(chunk)
  })
})
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
  serving((server.address() as AddressInfo).port),
)
