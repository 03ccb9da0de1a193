import { Loop } from '@unisock/sockets'
import { serving } from './report.ts'

const echo = process.argv[2] === 'echo'
const context = new Loop().createSocketContext().onData((socket, chunk) => {
  if (echo) socket.write(chunk)
})
const { port } = await context.listen('127.0.0.1', 0, { backlog: 4096 })
serving(port)
