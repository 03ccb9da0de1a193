import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { APACHE_PROXY_ENABLE, CACHE_ENABLE, HTTP_HEALTH_PATH, MONITOR_TRACE } from '../src/core/index.ts'
import { fieldsBehind, type RequestTrace, readIdentity } from '../src/core/monitor/identity.ts'
import { spanId, uuidV7 } from '../src/core/monitor/ids.ts'
import { checkTracestate, parseTraceparent } from '../src/core/monitor/trace-context.ts'
import type { RawResponse } from './support/raw-client.ts'
import { get, TestServer } from './support/server.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

type Options = readonly (readonly [number, unknown])[]

/** One request: how it was answered, and what the program was told. */
async function traced(
  fields: string,
  value: unknown = true,
  options: Options = [],
): Promise<{ response: RawResponse; id: string; trace: RequestTrace; joined: string }> {
  await using server = await TestServer.start([[MONITOR_TRACE, value], ...options])
  server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
  using client = await server.connect()
  const response = await client.send(get('/', fields)).response()
  const joined = server.socket.exchanges[0]!.request[3] as string | [string]
  const text = typeof joined === 'string' ? joined : joined[0]
  return { response, joined: text, ...readIdentity(text)! }
}

describe('request ids', () => {
  test('are made, put on the response, and told to the program', async () => {
    const { response, id } = await traced('')
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(response.headers['x-request-id']).toBe(id)
  })

  test('may be plain hexadecimal digits, in another field', async () => {
    const { response, id } = await traced('', { id: 'hex', header: 'X-Correlation-Id' })
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    expect(response.headers['x-correlation-id']).toBe(id)
  })

  test("a stranger's is not taken, a trusted peer's is", async () => {
    const stranger = await traced('X-Request-Id: mine\r\n')
    expect(stranger.id).not.toBe('mine')
    for (const [value, options] of [
      [{ trusted: ['127.0.0.1'] }, []],
      [true, [[APACHE_PROXY_ENABLE, true]]],
    ] as const) {
      const { id, response } = await traced('X-Request-Id: mine\r\n', value, options)
      expect([id, response.headers['x-request-id']]).toEqual(['mine', 'mine'])
    }
  })

  test.each([
    ['', 'empty'],
    ['a b', 'two words'],
    ['x'.repeat(129), 'too long'],
    ['\xe9', 'no ASCII'],
  ])('%j is not taken from a trusted peer: %s', async given => {
    const { id } = await traced(`X-Request-Id: ${given}\r\n`, { trusted: ['127.0.0.1'] })
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('are on what the worker answers and on refusals', async () => {
    await using server = await TestServer.start([
      [MONITOR_TRACE, true],
      [HTTP_HEALTH_PATH, '/health'],
    ])
    using client = await server.connect()
    const health = await client.send(get('/health')).response()
    const refused = await client.send('GET / HTTP/1.1\r\n\r\n').response()
    for (const { headers } of [health, refused]) expect(headers['x-request-id']).toMatch(/-7/)
    expect(health.headers['x-request-id']).not.toBe(refused.headers['x-request-id'])
  })

  test('are not stored with what the cache stores', async () => {
    await using server = await TestServer.start([
      [MONITOR_TRACE, true],
      [CACHE_ENABLE, true],
    ])
    server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
    using client = await server.connect()
    const first = await client.send(get()).response()
    const hit = await client.send(get()).response()
    expect(hit.headers['cache-status']).toBe('unisock; hit')
    expect(hit.headers['x-request-id']).toMatch(/-7/)
    expect(hit.headers['x-request-id']).not.toBe(first.headers['x-request-id'])
  })

  test('sort by their time, and none comes twice', () => {
    const ids = Array.from({ length: 2000 }, uuidV7)
    expect(new Set(ids).size).toBe(ids.length)
    const times = ids.map(id => id.slice(0, 13))
    expect(times).toEqual(times.toSorted())
    expect(new Set(Array.from({ length: 2000 }, spanId)).size).toBe(2000)
  })

  test('without the option there is nothing', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
    using client = await server.connect()
    const { headers } = await client.send(get('/', 'X-Request-Id: mine\r\n')).response()
    expect(headers['x-request-id']).toBeUndefined()
    expect(readIdentity(server.socket.exchanges[0]!.request[3])).toBeUndefined()
  })
})

describe('trace context', () => {
  test('begins where there is none', async () => {
    const { trace } = await traced('')
    expect(trace.traceparent).toBe(`00-${trace.trace_id}-${trace.span_id}-03`)
    expect(trace).toMatchObject({ sampled: true })
    expect(trace).not.toHaveProperty('parent_id')
    expect((await traced('', { sample: 0 })).trace.sampled).toBe(false)
  })

  test.each([
    ['01', true],
    ['00', false],
  ])('goes on with a span of its own; flags %s', async (flags, sampled) => {
    const { trace } = await traced(
      `traceparent: 00-${TRACE}-${SPAN}-${flags}\r\ntracestate: a=1\r\ntracestate: b=2 , \r\n`,
    )
    expect(trace).toEqual({
      trace_id: TRACE,
      parent_id: SPAN,
      span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      sampled,
      traceparent: `00-${TRACE}-${trace.span_id}-${flags}`,
      tracestate: 'a=1,b=2',
    })
    expect(trace.span_id).not.toBe(SPAN)
  })

  test.each([
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['version ff', `ff-${TRACE}-${SPAN}-01`],
    ['more than version 00 has', `00-${TRACE}-${SPAN}-01-x`],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['short', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['nonsense', 'hello'],
    ['two lines', `00-${TRACE}-${SPAN}-01\r\ntraceparent: 00-${TRACE}-${SPAN}-01`],
  ])('a wrong one is replaced, and its state with it: %s', async (_what, field) => {
    const { trace } = await traced(`traceparent: ${field}\r\ntracestate: a=1\r\n`)
    expect(trace.trace_id).not.toBe(TRACE)
    expect(trace).not.toHaveProperty('parent_id')
    expect(trace).not.toHaveProperty('tracestate')
  })

  test('what a later version says beyond is left out', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-05-more`)).toEqual({
      traceId: TRACE,
      parentId: SPAN,
      sampled: true,
      random: false,
    })
  })

  test.each([
    ['a=1,b@c=2', 'a=1,b@c=2'],
    [' a=1 ,, 0a@b=x y', 'a=1,0a@b=x y'],
    ['', undefined],
    ['a', undefined],
    ['A=1', undefined],
    ['a=1,a=2', undefined],
    ['a=b=c', undefined],
    ['a=', undefined],
    [Array.from({ length: 33 }, (_, i) => `k${i}=1`).join(), undefined],
  ])('tracestate %j', (field, checked) => {
    expect(checkTracestate(field)).toBe(checked)
  })

  test('a tracestate that is nearly all spaces is read in one go', () => {
    expect(checkTracestate(`a=${' '.repeat(200_000)}b`)).toBeUndefined()
    expect(checkTracestate(`${'\t '.repeat(100_000)}a=b `)).toBe('a=b')
  })

  test('no field that a client sends passes for it, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const parsed = parseTraceparent(text)
        expect(parsed === undefined || /^[0-9a-f]{2}-/.test(text)).toBe(true)
        const checked = checkTracestate(text)
        if (checked !== undefined) expect(checkTracestate(checked)).toBe(checked)
      }),
    )
  })

  test('the fields that the client sent are what they were', async () => {
    const { joined } = await traced('A: b\r\n')
    expect(fieldsBehind(joined)).toBe('Host\na\nA\nb')
  })
})
