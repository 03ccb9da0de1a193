import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { SO_LINGER, TLS_ALPN, TLS_CERTIFICATE, TLS_PRIVATE_KEY, TLS_SESSION } from '@unisock/kernel/plugin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import {
  APACHE_PROXY_ENABLE,
  CACHE_ENABLE,
  HTTP_BODY_STREAM,
  HTTP_CONNECT_TIMEOUT,
  HTTP_HEADERS,
  HTTP_HEALTH_PATH,
  HTTP_KEEP_ALIVE_TIMEOUT,
  HTTP_MAX_BODY_SIZE,
  HTTP_READ_TIMEOUT,
  HTTP_TIMEOUT,
  HTTP2_ENABLE,
  HTTP2_MAX_STREAMS,
} from '../src/core/index.ts'
import type { Exchange } from '../src/core/server/exchange.ts'
import type { Upgrades } from '../src/core/server/upgrades.ts'
import { BODY_TEXT, type ResponseWire } from '../src/core/wire.ts'
import type { FakeConnection } from './support/fake-socket.ts'
import { closed, H2Client, responseOf } from './support/h2.ts'
import { until } from './support/kernel.ts'
import { get, TestServer } from './support/server.ts'

type Setting = readonly [option: number, value: unknown]

let authority: Authority
let main: Issued
let other: Issued

beforeAll(() => {
  authority = new Authority()
  main = authority.issue('localhost')
  other = authority.issue('other.test')
})
afterAll(() => authority[Symbol.dispose]())

const plain = (...options: Setting[]) => TestServer.start([[HTTP2_ENABLE, true], ...options])
const identity = (): Setting[] => [
  [TLS_CERTIFICATE, main.certificate],
  [TLS_PRIVATE_KEY, main.privateKey],
]
const secure = (...options: Setting[]) => TestServer.start([...identity(), ...options], 21)

function answering(server: TestServer, answer: (exchange: FakeConnection) => void): TestServer {
  server.socket.onAccept = answer
  return server
}

const hello = (server: TestServer) => answering(server, exchange => exchange.answer(200, null, 'hello', 0))

function overTls(server: TestServer): Promise<H2Client> {
  return H2Client.connect(server.port, { ca: authority.certificate, servername: 'localhost' }, 'https')
}

/** What a handshake agrees on. */
async function negotiated(server: TestServer, protocols: string[]): Promise<string | false | null> {
  const socket: TLSSocket = connectTls({
    port: server.port,
    host: '127.0.0.1',
    ca: authority.certificate,
    servername: 'localhost',
    ALPNProtocols: protocols,
  })
  try {
    await once(socket, 'secureConnect')
    return socket.alpnProtocol
  } finally {
    socket.destroy()
  }
}

describe('which version is spoken', () => {
  test('over TLS the one that ALPN agrees on, HTTP/2 first', async () => {
    await using server = hello(await secure())
    expect(await negotiated(server, ['http/1.1', 'h2'])).toBe('h2')
    expect(await negotiated(server, ['http/1.1'])).toBe('http/1.1')
    using client = await overTls(server)
    expect(await client.ask()).toMatchObject({ status: 200, body: 'hello' })
    expect((await server.socket.exchange()).request[2]).toBe('2.0')
  })

  test('HTTP2_ENABLE false: HTTP/1.1 only; TLS_ALPN says otherwise what is offered', async () => {
    await using off = await secure([HTTP2_ENABLE, false])
    expect(await negotiated(off, ['http/1.1', 'h2'])).toBe('http/1.1')
    await using only = await secure([TLS_ALPN, ['http/1.1']])
    expect(await negotiated(only, ['h2', 'http/1.1'])).toBe('http/1.1')
    await using second = await secure([TLS_ALPN, ['http/1.1', 'h2']])
    expect(await negotiated(second, ['h2', 'http/1.1'])).toBe('http/1.1')
    expect(await negotiated(second, ['h2'])).toBe('h2')
    await expect(secure([HTTP2_ENABLE, false], [TLS_ALPN, ['h2']])).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('TLS_ALPN (329)'),
    })
  })

  test('without TLS, HTTP2_ENABLE true: the one that the first bytes are of, however they come', async () => {
    await using server = hello(await plain())
    using client = await H2Client.connect(server.port)
    expect(await client.ask()).toMatchObject({ status: 200, body: 'hello' })
    using whole = await server.connect()
    expect((await whole.send(get()).response()).body).toBe('hello')
    using slow = await server.connect()
    for (const part of ['P', 'R', 'OPFIND / HTTP/1.1\r\nHo', 'st: a\r\n\r\n']) {
      slow.send(part)
      await new Promise(resolve => setImmediate(resolve))
    }
    expect((await slow.response()).status).toBe(200)
    expect(server.inspect().connections).toBe(3)
  })

  test('upgrades to WebSocket are HTTP/1.1 on the same port', async () => {
    await using server = hello(await plain())
    const upgrades = server.socket.offers.get('upgrade') as Upgrades
    upgrades.take('/ws', (_request, socket, head) => void socket.end(`taken, with ${head}`))
    using client = await server.connect()
    client.send(`${get('/ws', 'Connection: Upgrade\r\nUpgrade: websocket\r\n')}more`)
    expect((await client.ended()).text).toBe('taken, with more')
    using h2 = await H2Client.connect(server.port)
    expect((await h2.ask({ ':path': '/ws' })).body).toBe('hello')
  })

  test('without TLS and HTTP2_ENABLE the preface is a bad request', async () => {
    await using server = hello(await TestServer.start())
    using client = await server.connect()
    client.send('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    expect((await client.response()).status).toBe(400)
  })

  test('a client that says nothing, or hardly anything, is told so in HTTP/1.1', async () => {
    await using server = await plain([HTTP_CONNECT_TIMEOUT, 40], [HTTP_READ_TIMEOUT, 60])
    using silent = await server.connect()
    using brief = await server.connect()
    brief.send('PRI')
    expect((await silent.response()).status).toBe(408)
    expect((await brief.response()).status).toBe(408)
    using gone = await server.connect()
    gone.send('PRI')
    gone.socket.end()
    await gone.ended()
  })
})

describe('a request', () => {
  test('has the shape of HTTP/1.1: host from :authority, cookies joined, no pseudo-fields', async () => {
    await using server = hello(await plain())
    using client = await H2Client.connect(server.port)
    await client.ask({
      ':path': '/a%20b?x=1',
      ':authority': 'example.org',
      'x-a': '\xe9',
      cookie: ['a=1', 'b=2'],
      te: 'trailers',
    })
    const { request, addr } = await server.socket.exchange()
    expect(request).toEqual([
      'GET',
      '/a%20b?x=1',
      '2.0',
      'host\nexample.org\nx-a\n\xe9\ncookie\na=1; b=2\nte\ntrailers',
      null,
    ])
    expect(addr).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
  })

  test('its body comes whole, with trailers', async () => {
    await using server = hello(await plain())
    using client = await H2Client.connect(server.port)
    const stream = client.session.request({ ':method': 'POST' }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }))
    const response = responseOf(stream)
    stream.write('one ')
    stream.end('two')
    expect(await response).toMatchObject({ status: 200 })
    const { request } = await server.socket.exchange()
    expect(String(request[4])).toBe('one two')
    expect(request[3]).not.toContain('transfer-encoding')
    expect(request[5]).toBe('x-sum\n7')
  })

  test('its body comes in chunks; without credit the client is not read', async () => {
    await using server = await plain([HTTP_BODY_STREAM, true], [HTTP_MAX_BODY_SIZE, 2 ** 30])
    answering(server, exchange => {
      exchange.credit = false
    })
    using client = await H2Client.connect(server.port)
    const stream = client.request({ ':method': 'POST' })
    const response = responseOf(stream)
    const piece = Buffer.alloc(64 * 1024, 'x')
    let sent = 0
    while (stream.write(piece) && sent < 2 ** 24) sent += piece.length
    const exchange = await server.socket.exchange()
    await until(() => exchange.emitted.length > 1)
    for (let i = 0; i < 300; i++) stream.write(piece)
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
    const taken = exchange.emitted.slice(1).reduce<number>((sum, chunk) => sum + (chunk as Buffer).length, 0)
    expect(taken).toBeLessThan(128 * 1024)
    exchange.credit = true
    exchange.driver.resume!()
    stream.end()
    await until(() => exchange.emitted.at(-1) === null)
    exchange.answer(200, null, 'taken', 0)
    expect((await response).body).toBe('taken')
  })

  test('a body over the limit is 413, announced or not; the connection goes on', async () => {
    await using server = hello(await plain([HTTP_MAX_BODY_SIZE, 1000]))
    using client = await H2Client.connect(server.port)
    const large = Buffer.alloc(2000)
    expect((await client.ask({ ':method': 'POST' }, large)).status).toBe(413)
    expect((await client.ask({ ':method': 'POST', 'content-length': 2000 }, large)).status).toBe(413)
    expect((await client.ask()).status).toBe(200)
    expect(server.inspect().connections).toBe(1)
  })

  test('100 is said when the body is wanted, and nothing else can be expected', async () => {
    await using server = hello(await plain())
    using client = await H2Client.connect(server.port)
    const stream = client.request({ ':method': 'PUT', expect: '100-continue' }, { endStream: false })
    const response = responseOf(stream)
    await once(stream, 'continue')
    stream.end('body')
    expect((await response).status).toBe(200)
    expect((await client.ask({ expect: 'miracles' })).status).toBe(417)
    expect(server.socket.exchanges).toHaveLength(1)
  })

  test('CONNECT is for proxies', async () => {
    await using server = hello(await plain())
    using client = await H2Client.connect(server.port)
    const stream = client.request({ ':method': 'CONNECT', ':authority': 'example.org:80' })
    expect((await responseOf(stream)).status).toBe(501)
  })
})

describe('a response', () => {
  test('has its fields in lower case, without those of a connection, and the listener’s', async () => {
    await using server = await plain([HTTP_HEADERS, { 'X-Def': 'd', 'X-Own': 'no' }])
    answering(server, exchange =>
      exchange.answer(
        201,
        [
          'X-Own',
          'yes',
          'Set-Cookie',
          'a',
          'Set-Cookie',
          'b',
          'Connection',
          'close',
          'Keep-Alive',
          'x',
          'X-L',
          '\xe9',
        ],
        'hé',
        0,
      ),
    )
    using client = await H2Client.connect(server.port)
    const { status, headers, body } = await client.ask()
    expect([status, body]).toEqual([201, 'hé'])
    expect(headers).toMatchObject({
      'x-own': 'yes',
      'x-def': 'd',
      'x-l': '\xe9',
      'set-cookie': ['a', 'b'],
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '3',
      date: expect.any(String),
    })
    expect(headers).not.toHaveProperty('connection')
    expect(headers).not.toHaveProperty('keep-alive')
  })

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('to %s with %i has no body', async (method, status) => {
    await using server = answering(await plain(), exchange => exchange.answer(status, null, 'body', 0))
    using client = await H2Client.connect(server.port)
    const response = await client.ask({ ':method': method })
    expect(response).toMatchObject({ status, body: '' })
    if (method === 'HEAD') expect(response.headers['content-length']).toBe('4')
  })

  test('is streamed, with trailers, and waits for a client that does not read', async () => {
    await using server = await plain()
    using client = await H2Client.connect(server.port)
    const stream = client.request()
    const exchange = await server.socket.exchange()
    exchange.driver.write!([200, ['Trailer', 'X-Sum'], true, 2], false)
    const chunk = Buffer.alloc(100_000, 'x')
    let written = 0
    while (exchange.driver.write!(chunk, false)) written++
    expect(written).toBeLessThan(10)
    const drained = new Promise<void>(resolve => {
      exchange.onDrained = resolve
    })
    const response = responseOf(stream)
    await drained
    exchange.driver.write!([['X-Sum', '7']], true)
    const { body, headers, trailers } = await response
    expect(body).toHaveLength((written + 1) * chunk.length)
    expect(headers).toMatchObject({ trailer: 'X-Sum' })
    expect(trailers).toMatchObject({ 'x-sum': '7' })
  })

  test('of many megabytes arrives whole', async () => {
    const large = Buffer.alloc(5_000_000, 'abcdefg')
    await using server = answering(await plain(), exchange => exchange.answer(200, null, large, 2))
    using client = await H2Client.connect(server.port)
    const all = await Promise.all(Array.from({ length: 4 }, () => client.ask()))
    expect(all.map(({ body }) => body === large.toString())).toEqual([true, true, true, true])
  })

  test('that is shorter or longer than its Content-Length is reset, and a log line', async () => {
    await using server = await plain()
    using client = await H2Client.connect(server.port)
    for (const [index, chunk] of ['much too long', 'no'].entries()) {
      const stream = client.request()
      const exchange = await server.socket.exchange(index)
      stream.resume()
      exchange.driver.write!([200, ['Content-Length', '5'], true, 0], false)
      exchange.driver.write!(Buffer.from(chunk), true)
      await closed(stream)
      expect(stream.rstCode).not.toBe(0)
    }
    expect(server.socket.exchanges[0]!.closedWith).toMatchObject({ code: 'EINVAL' })
    expect(server.socket.logs.filter(({ level }) => level === 'error')).toHaveLength(2)
    answering(server, exchange => exchange.answer(200, null, 'next', 0))
    expect((await client.ask()).body).toBe('next')
  })
})

describe('one connection', () => {
  test('serves many requests at once, and answers them in any order', async () => {
    await using server = await plain()
    using client = await H2Client.connect(server.port)
    const asked = Array.from({ length: 60 }, (_, i) => client.ask({ ':path': `/${i}` }))
    await server.socket.exchange(59)
    expect(server.inspect()).toMatchObject({ connections: 1, unanswered: 60 })
    for (const exchange of server.socket.exchanges.toReversed())
      exchange.answer(200, null, exchange.request[1], 0)
    const bodies = (await Promise.all(asked)).map(({ body }) => body)
    expect(bodies).toEqual(asked.map((_, i) => `/${i}`))
    expect(server.inspect()).toMatchObject({ connections: 1, unanswered: 0 })
  })

  test('is told HTTP2_MAX_STREAMS, and holds the client to it', async () => {
    await using server = await plain([HTTP2_MAX_STREAMS, 2])
    using client = await H2Client.connect(server.port)
    await until(() => client.session.remoteSettings.maxConcurrentStreams === 2)
    const asked = [client.ask(), client.ask(), client.ask()]
    await server.socket.exchange(1)
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    expect(server.socket.exchanges).toHaveLength(2)
    answering(server, exchange => exchange.answer(200, null, '', 0))
    for (const exchange of server.socket.exchanges) exchange.answer(200, null, '', 0)
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('a client that takes a request back ends its fd, and no other', async () => {
    await using server = await plain()
    using client = await H2Client.connect(server.port)
    const [first, second] = [client.request(), client.ask({ ':path': '/second' })]
    const exchange = await server.socket.exchange(0)
    first.close(0x8)
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
    ;(await server.socket.exchange(1)).answer(200, null, 'second', 0)
    expect((await second).body).toBe('second')
  })

  test('a lost connection ends all its fds', async () => {
    await using server = await plain()
    using client = await H2Client.connect(server.port)
    client.request()
    client.request()
    const exchanges = [await server.socket.exchange(0), await server.socket.exchange(1)]
    client.session.destroy()
    for (const exchange of exchanges)
      expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
    await until(() => server.inspect().connections === 0)
  })

  test('an fd that the program closes is a 500, or a reset where the answer has begun', async () => {
    await using server = await plain()
    using client = await H2Client.connect(server.port)
    const asked = client.ask()
    const exchange = await server.socket.exchange(0)
    exchange.ended = true
    exchange.driver.close!({})
    expect((await asked).status).toBe(500)
    const streamed = client.request()
    const begun = await server.socket.exchange(1)
    begun.driver.write!([200, null, true, 0], false)
    await once(streamed, 'response')
    streamed.resume()
    begun.driver.close!({})
    await closed(streamed)
    expect(streamed.rstCode).toBe(2)
  })

  test('answers health checks and hits of the cache by itself', async () => {
    await using server = await plain([HTTP_HEALTH_PATH, '/up'], [CACHE_ENABLE, true])
    answering(server, exchange => exchange.answer(200, ['Cache-Control', 'max-age=60'], 'once', 0))
    using client = await H2Client.connect(server.port)
    expect((await client.ask({ ':path': '/up' })).body).toBe('{"status":"ok"}')
    expect((await client.ask()).body).toBe('once')
    expect((await client.ask()).headers['cache-status']).toBe('unisock; hit')
    using http1 = await server.connect()
    http1.send(get('/', '').replace('Host: a', `Host: 127.0.0.1:${server.port}`))
    expect((await http1.response()).headers['cache-status']).toBe('unisock; hit')
    expect(server.socket.exchanges).toHaveLength(1)
  })

  test('a trusted proxy is believed', async () => {
    await using server = hello(await plain([APACHE_PROXY_ENABLE, true]))
    using client = await H2Client.connect(server.port)
    await client.ask({ 'x-forwarded-for': '192.0.2.7', 'x-forwarded-host': 'example.org' })
    const { addr, request } = await server.socket.exchange()
    expect(addr.address).toBe('192.0.2.7')
    expect(JSON.parse(request[3][1])).toMatchObject({ via: 'proxy', host: 'example.org' })
  })

  test('its handshake is told to the exchange', async () => {
    await using server = await secure()
    using client = await overTls(server)
    const asked = client.ask()
    const exchange = await server.socket.exchange()
    expect(await exchange.driver.query!(TLS_SESSION)).toMatchObject({ alpn: 'h2', protocol: 'TLSv1.3' })
    exchange.answer(200, null, '', 0)
    await asked
  })
})

describe('times', () => {
  test('no answer in HTTP_TIMEOUT: 503', async () => {
    await using server = await plain([HTTP_TIMEOUT, 40])
    using client = await H2Client.connect(server.port)
    expect((await client.ask()).status).toBe(503)
    expect((await server.socket.exchange()).closedWith).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('a request that does not arrive in HTTP_READ_TIMEOUT: 408', async () => {
    await using server = await plain([HTTP_READ_TIMEOUT, 40])
    using client = await H2Client.connect(server.port)
    const stream = client.request({ ':method': 'POST' }, { endStream: false })
    stream.write('some')
    expect((await responseOf(stream)).status).toBe(408)
  })

  test('a client that takes nothing for HTTP_TIMEOUT loses the stream; one that takes little does not', async () => {
    await using server = await plain([HTTP_TIMEOUT, 800])
    answering(server, exchange => exchange.answer(200, null, Buffer.alloc(2_000_000), 2))
    using client = await H2Client.connect(server.port, { settings: { initialWindowSize: 65_535 } })
    const stuck = client.request()
    const slow = client.request()
    let taken = 0
    slow.on('data', (chunk: Buffer) => {
      taken += chunk.length
      slow.pause()
      setTimeout(() => slow.resume(), 10)
    })
    const ended = once(slow, 'end')
    await closed(stuck)
    expect(stuck.rstCode).not.toBe(0)
    await ended
    expect(taken).toBe(2_000_000)
  })

  test('a connection without a request in HTTP_CONNECT_TIMEOUT, or for HTTP_KEEP_ALIVE_TIMEOUT, is closed', async () => {
    await using server = hello(await plain([HTTP_CONNECT_TIMEOUT, 60], [HTTP_KEEP_ALIVE_TIMEOUT, 60]))
    using never = await H2Client.connect(server.port)
    const [code] = await once(never.session, 'goaway')
    expect(code).toBe(0)
    using idle = await H2Client.connect(server.port)
    await idle.ask()
    await closed(idle.session)
    await until(() => server.inspect().connections === 0)
  })
})

describe('the end', () => {
  test('drain says GOAWAY; what is in flight finishes', async () => {
    const server = await plain()
    using client = await H2Client.connect(server.port)
    using idle = await H2Client.connect(server.port)
    const asked = client.ask()
    const exchange = await server.socket.exchange()
    const away = [once(client.session, 'goaway'), closed(idle.session)]
    const drained = server.driver.drain!()
    await Promise.all(away)
    exchange.answer(200, null, 'finished', 0)
    expect((await asked).body).toBe('finished')
    await drained
    expect(server.inspect().connections).toBe(0)
    await server.driver.close!({})
  })

  test('close waits SO_LINGER at most', async () => {
    const server = await plain([SO_LINGER, 0.05])
    using client = await H2Client.connect(server.port)
    const stream = client.request()
    const exchange = await server.socket.exchange()
    server.driver.close!({})
    await closed(stream)
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
  })

  test('close with abort drops all', async () => {
    const server = await secure()
    using client = await overTls(server)
    const stream = client.request()
    await server.socket.exchange()
    using sniffed = await H2Client.connect((await plain()).port)
    server.driver.close!({ abort: true })
    await closed(stream)
    sniffed.session.destroy()
  })

  test('a certificate changes for the next connection, and this one stays', async () => {
    await using server = hello(await secure())
    using before = await overTls(server)
    await before.ask()
    await Promise.all([
      server.set(TLS_CERTIFICATE, other.certificate),
      server.set(TLS_PRIVATE_KEY, other.privateKey),
    ])
    await expect(overTls(server)).rejects.toThrow(/altnames/)
    expect((await before.ask()).body).toBe('hello')
  })
})

test('a client that takes nothing is sent no pings behind what waits for it', async () => {
  await using server = await plain()
  using client = await H2Client.connect(server.port, { settings: { initialWindowSize: 0 } })
  client.request()
  const { driver } = await server.socket.exchange()
  const { response } = driver as Exchange
  driver.write!(
    [200, ['Content-Type', 'text/event-stream'], true, BODY_TEXT, 1] satisfies ResponseWire,
    false,
  )
  while (driver.write!(Buffer.alloc(65_536), false)) await new Promise(setImmediate)
  const { socket } = response.req
  const waiting = socket.writableLength
  for (let i = 0; i < 20; i++) await delay(2)
  expect(socket.writableLength).toBe(waiting)
})
