import { describe, expect, test } from 'vitest'
import {
  APACHE_PROXY_ENABLE,
  CACHE_ENABLE,
  HTTP_MAX_BODY_SIZE,
  HTTP_MAX_HEADER_SIZE,
  MONITOR_METRICS_PATH,
} from '../src/core/index.ts'
import { Exposition, wantsOpenMetrics } from '../src/core/monitor/exposition.ts'
import { BUCKETS, SeriesByRoute } from '../src/core/monitor/series.ts'
import type { RawResponse } from './support/raw-client.ts'
import { get, TestServer } from './support/server.ts'

async function measured(value: unknown, options: (readonly [number, unknown])[] = []): Promise<TestServer> {
  const server = await TestServer.start(options)
  await server.set(MONITOR_METRICS_PATH, value)
  server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
  return server
}

async function read(server: TestServer, fields = ''): Promise<RawResponse> {
  using client = await server.connect()
  return await client.send(get('/metrics', fields)).response()
}

/** Samples by name and labels. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

test('requests are counted by method and status, with their bytes and how long they took', async () => {
  await using server = await measured('/metrics')
  using client = await server.connect()
  await client.send(get()).response()
  await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc').response()
  server.socket.onAccept = exchange => exchange.answer(404, null, 'no', 0)
  await client
    .send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n')
    .response()
  const { headers, body } = await read(server)
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  const found = samples(body)
  for (const [name, value] of [
    ['http_requests_total{method="GET",route="",status="2xx"}', 1],
    ['http_requests_total{method="POST",route="",status="2xx"}', 1],
    ['http_requests_total{method="POST",route="",status="4xx"}', 1],
    ['http_request_duration_seconds_count{method="POST",route=""}', 2],
    ['http_request_duration_seconds_bucket{method="POST",route="",le="+Inf"}', 2],
    ['http_requests_in_flight', 1],
    ['http_request_body_bytes_total', 5],
    ['http_response_body_bytes_total', 12],
    ['http_connections_total', 2],
    ['http_connections_open', 2],
    ['http_program_queue', 0],
  ] as const)
    expect([name, found.get(name)]).toEqual([name, value])
  expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(1e6)
  expect(found.get('worker_cpu_seconds_total')).toBeGreaterThan(0)
  expect(found.get('worker_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0)
})

test('a method that nobody knows has no series of its own', async () => {
  await using server = await measured('/metrics')
  using client = await server.connect()
  for (const method of ['LOCK', 'MKCOL', 'PURGE'])
    await client.send(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).response()
  const found = samples((await read(server)).body)
  expect(found.get('http_requests_total{method="other",route="",status="2xx"}')).toBe(3)
})

test('what was refused is counted by its reason, and who left', async () => {
  await using server = await measured('/metrics', [
    [HTTP_MAX_BODY_SIZE, 2],
    [HTTP_MAX_HEADER_SIZE, 512],
  ])
  for (const sent of [
    'hello\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    get('/', `A: ${'x'.repeat(600)}\r\n`),
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n',
  ]) {
    using client = await server.connect()
    await client.send(sent).response()
  }
  server.socket.onAccept = undefined
  using leaving = await server.connect()
  leaving.send(get())
  const exchange = await server.socket.exchange()
  expect(samples((await read(server)).body).get('http_program_queue')).toBe(1)
  leaving.close()
  await exchange.closed.promise
  const found = samples((await read(server)).body)
  const refusals = [...found].filter(([name]) => name.startsWith('http_refusals'))
  expect(Object.fromEntries(refusals)).toEqual({
    'http_refusals_total{reason="malformed"}': 1,
    'http_refusals_total{reason="invalid"}': 1,
    'http_refusals_total{reason="too_large"}': 2,
  })
  expect(found.get('http_requests_aborted_total')).toBe(1)
})

test('the cache tells of itself, and does not store the metrics', async () => {
  await using server = await measured('/metrics', [[CACHE_ENABLE, true]])
  using client = await server.connect()
  for (let i = 0; i < 3; i++) await client.send(get('/page')).response()
  await read(server)
  const found = samples((await read(server)).body)
  for (const [name, value] of [
    ['hits_total', 2],
    ['misses_total', 1],
    ['stores_total', 1],
    ['entries', 1],
  ] as const)
    expect([name, found.get(`http_cache_${name}`)]).toEqual([name, value])
  expect(found.get('http_requests_total{method="GET",route="/metrics",status="2xx"}')).toBe(1)
})

test('an error out of the cache is the answer of the program, and no refusal', async () => {
  await using server = await measured('/metrics', [[CACHE_ENABLE, true]])
  server.socket.onAccept = exchange => exchange.answer(404, ['Cache-Control', 'max-age=60'], 'no', 0)
  using client = await server.connect()
  for (let i = 0; i < 2; i++) expect((await client.send(get('/none')).response()).status).toBe(404)
  const { body } = await read(server)
  expect(body).toContain('http_cache_hits_total 1\n')
  expect(body).not.toContain('http_refusals_total{')
})

describe('who may read them', () => {
  test('those who are allowed, as trusted proxies tell', async () => {
    await using server = await measured({ path: '/metrics', allow: ['192.0.2.0/24'] }, [
      [APACHE_PROXY_ENABLE, true],
    ])
    expect((await read(server)).status).toBe(403)
    expect((await read(server, 'X-Forwarded-For: 192.0.2.7\r\n')).status).toBe(200)
  })

  test('with GET and HEAD', async () => {
    await using server = await measured('/metrics')
    using client = await server.connect()
    const head = await client.send('HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n').response('HEAD')
    expect([head.status, head.body]).toEqual([200, ''])
    const posted = await client.send('POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n').response()
    expect([posted.status, posted.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  test('nobody once it is false', async () => {
    await using server = await measured('/metrics')
    await server.set(MONITOR_METRICS_PATH, false)
    expect((await read(server)).body).toBe('hello')
  })
})

describe('the text', () => {
  test('is OpenMetrics where that is asked for', async () => {
    await using server = await measured({ path: '/metrics', labels: { node: 'a"b\\' } })
    const accept =
      'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
    const { headers, body } = await read(server, `Accept: ${accept}\r\n`)
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(body).toContain('# TYPE http_requests counter\n')
    expect(body).toContain('\nhttp_requests_aborted_total{node="a\\"b\\\\"} 0\n')
    expect(body).toMatch(/\n# EOF\n$/)
  })

  test.each([
    [undefined, false],
    ['*/*', false],
    ['application/openmetrics-text', true],
    ['text/plain, application/openmetrics-text;q=0.9', false],
    ['application/openmetrics-text;q=0', false],
  ])('for Accept %j it is OpenMetrics: %s', (accept, isOpen) => {
    expect(wantsOpenMetrics(accept)).toBe(isOpen)
  })

  test('has buckets that add up', () => {
    const series = new SeriesByRoute()
    for (const seconds of [0, 0.001, 0.002, 0.3, 99]) series.of('GET', '/a').add(200, seconds)
    const { buckets, sum } = [...series][0]!
    const text = new Exposition(true, {}).histogram('h', 'Help.').buckets(BUCKETS, buckets, sum, {}).end()
    expect(samples(text)).toEqual(
      new Map([
        ['h_bucket{le="0.001"}', 2],
        ['h_bucket{le="0.0025"}', 3],
        ['h_bucket{le="0.005"}', 3],
        ['h_bucket{le="0.01"}', 3],
        ['h_bucket{le="0.025"}', 3],
        ['h_bucket{le="0.05"}', 3],
        ['h_bucket{le="0.1"}', 3],
        ['h_bucket{le="0.25"}', 3],
        ['h_bucket{le="0.5"}', 4],
        ['h_bucket{le="1.0"}', 4],
        ['h_bucket{le="2.5"}', 4],
        ['h_bucket{le="5.0"}', 4],
        ['h_bucket{le="10.0"}', 4],
        ['h_bucket{le="+Inf"}', 5],
        ['h_sum', sum],
        ['h_count', 5],
      ]),
    )
  })

  test('has no more series than there may be, whatever routes there are', () => {
    const series = new SeriesByRoute()
    for (let i = 0; i < 1500; i++) series.of('GET', `/${i}`).add(200, 0)
    expect([...series].length).toBe(1001)
    expect(series.of('GET', 'other').statuses[2]).toBe(500)
  })
})
