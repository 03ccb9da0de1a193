import { describe, expect, test } from 'vitest'
import { HTTP_CONNECT_TIMEOUT, HTTP_MAX_HEADER_SIZE, HTTP_TIMEOUT, HTTP2_ENABLE } from '../src/core/index.ts'
import { closed, H2Client } from './support/h2.ts'
import { END_HEADERS, END_STREAM, FRAME, FrameClient, fields, frame, HEAD } from './support/h2-frames.ts'
import { until } from './support/kernel.ts'
import { TestServer } from './support/server.ts'

const PROTOCOL_ERROR = 1
const ENHANCE_YOUR_CALM = 11

async function serving(...options: (readonly [number, unknown])[]): Promise<TestServer> {
  const server = await TestServer.start([[HTTP2_ENABLE, true], ...options])
  server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
  return server
}

const complaints = (server: TestServer) =>
  server.socket.logs.filter(({ message }) => message.startsWith('refused what a client sent'))

type Pairs = readonly (readonly [string, string])[]
const without = (name: string): Pairs => HEAD.filter(pair => pair[0] !== name)
const replacing = (name: string, value: string): Pairs =>
  HEAD.map(pair => (pair[0] === name ? [name, value] : pair))

describe('a malformed request never reaches the program', () => {
  test.each<[string, Pairs]>([
    ['transfer-encoding', [...HEAD, ['transfer-encoding', 'chunked']]],
    ['connection', [...HEAD, ['connection', 'close']]],
    ['keep-alive', [...HEAD, ['keep-alive', 'timeout=5']]],
    ['upgrade', [...HEAD, ['upgrade', 'websocket']]],
    ['proxy-connection', [...HEAD, ['proxy-connection', 'close']]],
    ['te other than trailers', [...HEAD, ['te', 'gzip']]],
    ['a name in upper case', [...HEAD, ['X-A', '1']]],
    ['CR and LF in the path', replacing(':path', '/ HTTP/1.1\r\nx: y')],
    ['an empty path', replacing(':path', '')],
    ['an unknown pseudo-field', [...HEAD, [':version', '1']]],
    ['a pseudo-field behind others', [['x-a', '1'], ...HEAD]],
    ['a pseudo-field twice', [...HEAD, [':path', '/other']]],
    [':status in a request', [...HEAD, [':status', '200']]],
    ['no method', without(':method')],
    ['no path', without(':path')],
    ['no scheme', without(':scheme')],
    ['a Host other than :authority', [...HEAD, ['host', 'b']]],
    ['two content-lengths', [...HEAD, ['content-length', '0'], ['content-length', '1']]],
    ['a content-length that is none', [...HEAD, ['content-length', '-1']]],
    ['a content-length and no content', [...HEAD, ['content-length', '5']]],
  ])('%s', async (_name, pairs) => {
    await using server = await serving()
    using client = await FrameClient.connect(server.port)
    client.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, fields(...pairs)))
    expect(await client.code(FRAME.RST_STREAM)).toBe(PROTOCOL_ERROR)
    client.request(3)
    await client.next(FRAME.HEADERS, 3)
    expect(server.socket.exchanges).toHaveLength(1)
  })

  test('a Host other than :authority is a log line', async () => {
    await using server = await serving()
    using client = await FrameClient.connect(server.port)
    client.request(1, ['host', 'b']).request(3, ['host', 'c'])
    await client.next(FRAME.RST_STREAM, 3)
    expect(complaints(server)).toHaveLength(1)
  })

  test.each<[string, readonly [string, string]]>([
    ['a name that is none', ['x a', '1']],
    ['an empty name', ['', '1']],
    ['CR and LF in a value', ['x-a', '1\r\ntransfer-encoding: chunked']],
    ['LF in a value', ['x-a', '1\nx: 2']],
    ['NUL in a value', ['x-a', '1\x002']],
  ])('%s: the field does not reach the program', async (_name, field) => {
    await using server = await serving()
    using client = await FrameClient.connect(server.port)
    client.request(1, field, ['x-next', '2'])
    await client.next(FRAME.HEADERS, 1)
    expect(server.socket.exchanges[0]!.request[3]).toBe('host\na\nx-next\n2')
  })

  test.each<[string, number, string]>([
    ['less', 3, 'ab'],
    ['more', 1, 'ab'],
  ])('%s content than content-length says', async (_name, length, body) => {
    await using server = await serving()
    using client = await FrameClient.connect(server.port)
    const head = [...replacing(':method', 'POST'), ['content-length', String(length)]] as const
    client.send(
      frame(FRAME.HEADERS, END_HEADERS, 1, fields(...head)),
      frame(FRAME.DATA, END_STREAM, 1, Buffer.from(body)),
    )
    const refused = await Promise.race([client.next(FRAME.RST_STREAM), client.next(FRAME.GOAWAY)])
    expect(refused.payload.at(-1)).not.toBe(0)
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    expect(server.socket.exchanges).toHaveLength(0)
  })

  test('a space in the path is 400', async () => {
    await using server = await serving()
    using client = await FrameClient.connect(server.port)
    client.send(frame(FRAME.HEADERS, END_HEADERS | END_STREAM, 1, fields(...replacing(':path', '/a b'))))
    const first = await Promise.race([client.next(FRAME.HEADERS, 1), client.next(FRAME.RST_STREAM, 1)])
    expect(first.stream).toBe(1)
    expect(server.socket.exchanges).toHaveLength(0)
  })

  test('a body that ends with a reset is not whole, whatever its code', async () => {
    await using server = await serving()
    for (const code of [0, 8]) {
      using client = await FrameClient.connect(server.port)
      const reset = Buffer.alloc(4)
      reset[3] = code
      client.send(
        frame(FRAME.HEADERS, END_HEADERS, 1, fields(...replacing(':method', 'POST'))),
        frame(FRAME.DATA, 0, 1, Buffer.from('half')),
      )
      client.request(3)
      await client.next(FRAME.HEADERS, 3)
      client.send(frame(FRAME.RST_STREAM, 0, 1, reset)).request(5)
      await client.next(FRAME.HEADERS, 5)
    }
    expect(server.socket.exchanges.map(({ request }) => request[0])).toEqual(['GET', 'GET', 'GET', 'GET'])
  })
})

describe('a header', () => {
  test('over HTTP_MAX_HEADER_SIZE is 431, and far over it a reset', async () => {
    await using server = await serving([HTTP_MAX_HEADER_SIZE, 1000])
    using client = await H2Client.connect(server.port)
    expect((await client.ask({ 'x-a': 'x'.repeat(1100) })).status).toBe(431)
    const stream = client.request({ 'x-a': 'x'.repeat(10_000) })
    await closed(stream)
    expect(stream.rstCode).toBe(ENHANCE_YOUR_CALM)
    expect(server.socket.exchanges).toHaveLength(0)
    expect((await client.ask()).status).toBe(200)
  })

  test('of fields without end, in CONTINUATION frames, closes the connection', async () => {
    await using server = await serving([HTTP_MAX_HEADER_SIZE, 1000])
    using client = await FrameClient.connect(server.port)
    client.send(frame(FRAME.HEADERS, END_STREAM, 1, fields(...HEAD)))
    const more = frame(FRAME.CONTINUATION, 0, 1, fields(['x-a', 'x'.repeat(8000)]))
    for (let i = 0; i < 200 && !client.socket.destroyed; i++) {
      client.send(more)
      await new Promise(resolve => setImmediate(resolve))
    }
    await client.ended()
    expect(server.socket.exchanges).toHaveLength(0)
    await until(() => server.inspect().connections === 0)
    expect(complaints(server)).toHaveLength(1)
  })
})

describe('a flood', () => {
  test('of requests that are taken back at once is calmed, and logged once (CVE-2023-44487)', async () => {
    await using server = await serving()
    server.socket.onAccept = undefined
    using client = await FrameClient.connect(server.port)
    const cancel = Buffer.from([0, 0, 0, 8])
    for (let stream = 1; stream < 4000 && !client.socket.destroyed; stream += 2) {
      client.request(stream).send(frame(FRAME.RST_STREAM, 0, stream, cancel))
      if (stream % 101 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    expect(await client.code(FRAME.GOAWAY)).toBe(ENHANCE_YOUR_CALM)
    await client.ended()
    await until(() => server.inspect().connections === 0)
    expect(complaints(server)).toMatchObject([{ level: 'warn' }])
    expect(server.socket.exchanges.length).toBeLessThan(250)
    await until(() => server.socket.exchanges.every(({ closedWith }) => closedWith !== undefined))
  })

  test('is none where requests are answered between: a client may change its mind often', async () => {
    await using server = await serving()
    using client = await H2Client.connect(server.port)
    for (let i = 0; i < 300; i++) {
      const stream = client.request({ ':path': '/slow' })
      stream.close(8)
      await client.ask()
    }
    expect(complaints(server)).toEqual([])
  })

  test.each<[string, () => Buffer]>([
    ['settings', () => frame(FRAME.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0]))],
    ['pings', () => frame(FRAME.PING, 0, 0, Buffer.alloc(8))],
    ['empty frames of data', () => frame(FRAME.DATA, 0, 1)],
  ])('of %s from a client that reads nothing ends, with little memory', async (_name, make) => {
    await using server = await serving([HTTP_TIMEOUT, 200])
    using client = await FrameClient.connect(server.port)
    client.socket.pause()
    client.send(frame(FRAME.HEADERS, END_HEADERS, 1, fields(...replacing(':method', 'POST'))))
    const many = Buffer.concat(Array.from({ length: 1000 }, make))
    const before = process.memoryUsage().rss
    for (let i = 0; i < 100 && !client.socket.destroyed; i++) {
      if (!client.socket.write(many)) await new Promise(resolve => setImmediate(resolve))
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20)
    using other = await H2Client.connect(server.port)
    expect((await other.ask()).status).toBe(200)
  })

  test.each<[string, Buffer, number]>([
    ['a frame that is too large', frame(FRAME.DATA, 0, 1, Buffer.alloc(20_000)), 6],
    ['settings of half a field', frame(FRAME.SETTINGS, 0, 0, Buffer.alloc(5)), 6],
    ['data on no stream', frame(FRAME.DATA, 0, 0, Buffer.alloc(5)), PROTOCOL_ERROR],
    [
      'a window of more than there is',
      frame(FRAME.WINDOW_UPDATE, 0, 0, Buffer.from([0x7f, 255, 255, 255])),
      3,
    ],
    ['a header that no table has', frame(FRAME.HEADERS, END_HEADERS, 1, Buffer.from([0xff, 0xff, 0xff])), 9],
    ['CONTINUATION of nothing', frame(FRAME.CONTINUATION, END_HEADERS, 1, fields(...HEAD)), PROTOCOL_ERROR],
  ])('%s: GOAWAY with the right code, and the end', async (_name, bytes, code) => {
    await using server = await serving([HTTP_CONNECT_TIMEOUT, 300])
    using client = await FrameClient.connect(server.port)
    client.send(bytes)
    expect(await client.code(FRAME.GOAWAY)).toBe(code)
    await client.ended()
    await until(() => server.inspect().connections === 0)
  })

  // Node 22 says GOAWAY by itself, and tells nobody.
  test.runIf(Number.parseInt(process.versions.node, 10) >= 26)(
    'what is not HTTP/2 is logged once',
    async () => {
      await using server = await serving()
      using client = await FrameClient.connect(server.port)
      client.send(frame(FRAME.DATA, 0, 0, Buffer.alloc(5)))
      await client.ended()
      expect(complaints(server)).toHaveLength(1)
    },
  )
})
