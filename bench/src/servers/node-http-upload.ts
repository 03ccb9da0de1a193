import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serving } from './report.ts'

const server = createServer(async (request, response) => {
  let size = 0
  for await (const chunk of request) size += chunk.length
  response.end(String(size))
})
server.listen(0, '127.0.0.1', () => serving((server.address() as AddressInfo).port))
