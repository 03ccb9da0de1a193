/**
 * The load process for HTTP/2: nghttp2's h2load, whose figures go to the parent. It comes with Debian's nghttp2-client.
 * @module
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { HttpLoad, HttpLoadResult } from './http-served.ts'

/** Requests that are on their way at once on each connection. */
const STREAMS = 8

const { port, path = '/', connections, seconds } = JSON.parse(process.argv[2]!) as HttpLoad
const clients = connections / STREAMS
const { stdout } = await promisify(execFile)('h2load', [
  ...['-c', String(clients), '-m', String(STREAMS), '-t', '1', '-D', String(seconds)],
  `http://127.0.0.1:${port}${path}`,
])
const count = (pattern: RegExp): number => {
  const found = pattern.exec(stdout)
  if (!found) throw new Error(`h2load said something else:\n${stdout}`)
  return Number(found[1])
}
const requests = count(/(\d+) succeeded/)
const report: HttpLoadResult = {
  requests,
  seconds,
  failures: count(/(\d+) failed/) + count(/(\d+) errored/),
  p99: 0,
}
process.send!(report, () => process.exit(0))
