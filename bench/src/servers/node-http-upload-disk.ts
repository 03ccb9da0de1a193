import { createHash } from 'node:crypto'
import { createWriteStream, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { serving } from './report.ts'

const path = join(process.argv[2]!, 'file')
const server = createServer(async (request, response) => {
  const hash = createHash('sha256')
  let size = 0
  const counted = async function* (source: AsyncIterable<Buffer>) {
    for await (const chunk of source) {
      size += chunk.length
      hash.update(chunk)
      yield chunk
    }
  }
  await pipeline(request, counted, createWriteStream(path))
  hash.digest('hex')
  rmSync(path)
  response.end(String(size))
})
server.listen(0, '127.0.0.1', () => serving((server.address() as AddressInfo).port))
