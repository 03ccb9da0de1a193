import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import {
  HTTP_ACCESS_LOG,
  HTTP_HEALTH_PATH,
  type HttpRequest,
  MONITOR_METRICS_PATH,
  MONITOR_TRACE,
} from '../src/index.ts'
import { clientOf, mirror, origin } from './support/client.ts'
import { httpKernel, ISOLATIONS, serving, until } from './support/kernel.ts'
import { LogFolder } from './support/log-file.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a request has its id and its trace, and passes the trace on', async () => {
    await using other = await origin(mirror)
    await using kernel = await httpKernel(isolation)
    const client = await clientOf(kernel, other.url)
    const seen: HttpRequest[] = []
    const { url } = await serving(
      kernel,
      {
        async message(fd, request) {
          seen.push(request)
          const sources = [request, request.trace!]
          const asked = await Promise.all(sources.map(trace => kernel.request(client, { url: '/', trace })))
          kernel.write(fd, { body: await Promise.all(asked.map(response => response.json())) })
        },
      },
      [[MONITOR_TRACE, true]],
    )
    const response = await fetch(url, {
      headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'a=1', 'x-request-id': 'mine' },
    })
    const [{ id, trace, headers }] = seen as [HttpRequest]
    expect(response.headers.get('x-request-id')).toBe(id)
    expect(trace).toMatchObject({ trace_id: TRACE, parent_id: SPAN, sampled: true, tracestate: 'a=1' })
    expect(headers).toMatchObject({ 'x-request-id': 'mine', tracestate: 'a=1' })
    const passed = (await response.json()) as { headers: Record<string, string> }[]
    const spans = passed.map(({ headers: { traceparent, tracestate } }) => {
      expect(tracestate).toBe('a=1')
      expect(traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
      return traceparent!.split('-')[2]
    })
    expect(new Set([...spans, trace!.span_id, SPAN]).size).toBe(4)
  })

  test('every line is in the log when the kernel is closed', async () => {
    using log = new LogFolder()
    const kernel = await httpKernel(isolation)
    const { url } = await serving(kernel, { message: fd => void kernel.write(fd, 'hello') }, [
      [HTTP_ACCESS_LOG, { format: 'common', file: log.path }],
    ])
    for (let i = 0; i < 20; i++) await (await fetch(`${url}/${i}`)).text()
    await kernel.close()
    expect(log.lines().map(line => / (\/\d+) /.exec(line)![1])).toEqual(
      Array.from({ length: 20 }, (_, i) => `/${i}`),
    )
  })

  test('without a file the lines are the kernel logger’s', async () => {
    await using kernel = await httpKernel(isolation)
    const { url, server } = await serving(kernel, { message: fd => void kernel.write(fd, 'hello') }, [
      [HTTP_ACCESS_LOG, 'json'],
    ])
    await fetch(`${url}/a`)
    await until(() => kernel.lines.some(({ level }) => level === 'info'))
    const line = kernel.lines.find(({ level }) => level === 'info')!
    expect(line.message).toBe('GET /a 200')
    expect(line.details).toMatchObject({ method: 'GET', target: '/a', status: 200, bytes: 5 })
    expect(line.details.fd).not.toBe(server)
  })
})

test('options are in force again when the worker has been restarted', async () => {
  using log = new LogFolder()
  await using kernel = await httpKernel('process')
  const { url } = await serving(kernel, { message: fd => void kernel.write(fd, 'hello') }, [
    [HTTP_ACCESS_LOG, { format: 'common', file: log.path }],
    [MONITOR_METRICS_PATH, '/metrics'],
    [MONITOR_TRACE, true],
  ])
  const { workers } = await kernel.inspect()
  process.kill(workers[0]!.inside!.pid, 'SIGKILL')
  await until(() => kernel.metrics().workers.http!.restarts === 1)
  let response: Response | undefined
  while (!response) response = await fetch(`${url}/metrics`).catch(() => undefined)
  expect(await response.text()).toContain('http_requests_in_flight 1')
  expect(response.headers.get('x-request-id')).toMatch(/-7/)
  expect(await log.written(1)).toEqual([expect.stringContaining('/metrics')])
})

describe.each(['thread', 'process'] as const)('while the program is blocked, over %s', isolation => {
  test('metrics are told and the log is written', async () => {
    using log = new LogFolder()
    await using kernel = await httpKernel(isolation)
    const { url } = await serving(kernel, { message() {} }, [
      [HTTP_ACCESS_LOG, { format: 'common', file: log.path }],
      [MONITOR_METRICS_PATH, '/metrics'],
      [HTTP_HEALTH_PATH, '/health'],
    ])
    const script = `process.stdin.once('data', async () => {
      await (await fetch('${url}/health')).text()
      const metrics = await (await fetch('${url}/metrics')).text()
      const { readFileSync } = require('node:fs')
      let log = ''
      while (!log.includes('/metrics')) {
        await new Promise(resolve => setTimeout(resolve, 10))
        log = readFileSync('${log.path}', 'utf8')
      }
      console.log(JSON.stringify({ at: Date.now(), metrics, log }))
      process.exit()
    }); console.log('ready')`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    await until(() => output.includes('ready'))
    await new Promise<void>(resolve => child.stdin.write('go', () => resolve()))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)
    const unblocked = Date.now()
    await once(child, 'exit')
    const told = JSON.parse(output.split('\n')[1]!)
    expect(told.at).toBeLessThan(unblocked)
    expect(told.metrics).toContain('http_requests_total{method="GET",route="",status="2xx"} 1\n')
    expect(told.log).toMatch(/"GET \/health HTTP\/1\.1" 200 15\n.*"GET \/metrics HTTP\/1\.1" 200 \d{4,}\n/)
  })
})
