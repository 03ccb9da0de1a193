/**
 * One large body, sent as fast as the server takes it.
 * @module
 */
import { once } from 'node:events'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Contender } from './case.ts'
import { startServer } from './server-process.ts'

const MIB = 2 ** 20
const CHUNK = Buffer.alloc(MIB, 'x')
const BOUNDARY = 'the-boundary-of-a-form'
const HEAD = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n`
const TAIL = `\r\n--${BOUNDARY}--\r\n`

/** MiB a second, and the most memory in MiB that the server process had beyond what it had before. */
export const upload =
  (server: string, form: boolean): Contender =>
  async ({ quick }) => {
    const chunks = quick ? 128 : 1024
    await using folder = await mkdtempDisposable(join(tmpdir(), 'unisock-bench-'))
    await using served = await startServer(server, [folder.path])
    await send(served.port, form, 8)
    const { rss } = await served.usage()
    await writeFile(`/proc/${served.pid}/clear_refs`, '5')
    const start = performance.now()
    await send(served.port, form, chunks)
    const seconds = (performance.now() - start) / 1000
    const peak = await peakOf(served.pid)
    return { 'MB/s': chunks / seconds, 'peak-rss': Math.max(0, peak - rss) / MIB }
  }

/** Of resident memory, in bytes, since `clear_refs` was written to. */
async function peakOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024
}

async function send(port: number, form: boolean, chunks: number): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  const [head, tail] = form ? [HEAD, TAIL] : ['', '']
  const type = form ? `multipart/form-data; boundary=${BOUNDARY}` : 'application/octet-stream'
  const length = head.length + chunks * MIB + tail.length
  socket.write(
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${head}`,
  )
  const answered = once(socket, 'data')
  for (let i = 0; i < chunks; i++) if (!socket.write(CHUNK)) await once(socket, 'drain')
  socket.write(tail)
  const [answer] = (await answered) as [string]
  socket.destroy()
  if (!answer.startsWith('HTTP/1.1 200 ') || !answer.endsWith(`\r\n\r\n${chunks * MIB}`))
    throw new Error(`not all of it has arrived: ${answer}`)
}
