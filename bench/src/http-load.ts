/**
 * The load process for HTTP: autocannon with what the command line says; the result goes to the parent.
 * @module
 */
import autocannon from 'autocannon'
import type { HttpLoad, HttpLoadResult } from './http-served.ts'

const {
  port,
  path = '/',
  connections,
  seconds,
  method = 'GET',
  headers,
  body,
} = JSON.parse(process.argv[2]!) as HttpLoad
const times: number[] = []
let failures = 0

const instance = autocannon({
  url: `http://127.0.0.1:${port}${path}`,
  connections,
  duration: seconds,
  method,
  ...(headers ? { headers } : {}),
  ...(body === undefined ? {} : { body }),
})
instance.on('response', (_client: unknown, status: number, _bytes: number, time: number) => {
  if (status >= 300) failures++
  times.push(time)
})
const result = await instance
times.sort((a, b) => a - b)
const report: HttpLoadResult = {
  requests: times.length,
  seconds: result.duration,
  failures: failures + result.errors + result.timeouts,
  p99: times[Math.floor(times.length * 0.99)] ?? 0,
}
process.send!(report, () => process.exit(0))
