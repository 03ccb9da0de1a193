import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { serving } from './report.ts'

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': 5 })
  response.end('hello')
})
server.listen(0, '127.0.0.1', () => serving((server.address() as AddressInfo).port))
