import { once } from 'node:events'
import { renameSync } from 'node:fs'
import { connect, constants, type OutgoingHttpHeaders } from 'node:http2'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  APACHE_AUTH_PASSTHROUGH,
  APACHE_FASTCGI_ENABLE,
  APACHE_PROXY_ENABLE,
  CACHE_ENABLE,
  HTTP_ACCESS_LOG,
  HTTP_CONNECT_TIMEOUT,
  HTTP_HEALTH_PATH,
  HTTP_MAX_BODY_SIZE,
  HTTP_MAX_HEADER_SIZE,
  HTTP_TIMEOUT,
  HTTP2_ENABLE,
  MONITOR_TRACE,
} from '../src/core/index.ts'
import { escapeLog } from '../src/core/monitor/log-escape.ts'
import { logTime } from '../src/core/monitor/log-line.ts'
import { FastCgiClient, variables } from './support/fastcgi-client.ts'
import { LogFolder } from './support/log-file.ts'
import { get, TestServer } from './support/server.ts'

type Options = readonly (readonly [number, unknown])[]

/** A server whose log goes to the kernel's logger, and which answers everything. */
async function logging(value: unknown, options: Options = []): Promise<TestServer> {
  const server = await TestServer.start([...options])
  await server.set(HTTP_ACCESS_LOG, value)
  server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
  return server
}

const linesOf = (server: TestServer): string[] =>
  server.socket.logs.filter(({ level }) => level === 'info').map(({ message }) => message)
const recordsOf = (server: TestServer): any[] =>
  server.socket.logs.filter(({ level }) => level === 'info').map(({ details }) => details)

const TIME = String.raw`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`

describe('formats', () => {
  test("common is Apache's", async () => {
    await using server = await logging('common')
    using client = await server.connect()
    await client.send(get('/a?b=c')).response()
    expect(linesOf(server)).toEqual([
      expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1 - - ${TIME} "GET /a\\?b=c HTTP/1\\.1" 200 5$`)),
    ])
  })

  test("combined is Apache's, and an answer without a body has a dash for its bytes", async () => {
    await using server = await logging('combined')
    server.socket.onAccept = exchange => exchange.answer(204, null, null, 0)
    using client = await server.connect()
    await client.send(get('/', 'Referer: http://a/\r\nUser-Agent: test/1\r\n')).response()
    await client.send(get('/')).response()
    const [first, second] = linesOf(server)
    expect(first).toMatch(/ "GET \/ HTTP\/1\.1" 204 - "http:\/\/a\/" "test\/1"$/)
    expect(second).toMatch(/ "GET \/ HTTP\/1\.1" 204 - "-" "-"$/)
  })

  test('the time is that of this place', () => {
    const time = Date.UTC(2026, 0, 2, 3, 4, 5)
    const [, day, clock, sign, hours, minutes] =
      /^\[(\d\d\/\w{3}\/\d{4}):(\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)\]$/.exec(logTime(time))!
    const offset = (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes))
    const utc = Date.parse(`${day!.replaceAll('/', ' ')} ${clock} UTC`)
    expect(utc - offset * 60_000).toBe(time)
  })

  test('JSON tells more', async () => {
    await using server = await logging('json', [[MONITOR_TRACE, true]])
    using client = await server.connect()
    const { headers } = await client.send(get('/a', 'User-Agent: x\r\n')).response()
    expect(recordsOf(server)).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        address: '127.0.0.1',
        method: 'GET',
        target: '/a',
        protocol: 'HTTP/1.1',
        host: 'a',
        status: 200,
        bytes: 5,
        duration: expect.any(Number),
        request_id: headers['x-request-id'],
        trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
        span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
        fd: 2,
        user_agent: 'x',
      },
    ])
  })

  test('fields choose what JSON has, header fields among them', async () => {
    await using server = await logging({ format: 'json', fields: ['status', 'header.X-Tenant', 'target'] })
    using client = await server.connect()
    await client.send(get('/a', 'X-Tenant: t\r\n')).response()
    expect(recordsOf(server)).toEqual([{ status: 200, 'header.X-Tenant': 't', target: '/a' }])
  })

  test('who asks is whom the web server in front says, from where it says', async () => {
    await using server = await logging('common', [
      [APACHE_PROXY_ENABLE, true],
      [APACHE_AUTH_PASSTHROUGH, { source: 'header' }],
    ])
    using client = await server.connect()
    await client.send(get('/', 'X-Forwarded-For: 192.0.2.7\r\nX-Remote-User: ann\r\n')).response()
    expect(linesOf(server)[0]).toMatch(/^192\.0\.2\.7 - ann \[/)
  })
})

describe('what a client sends', () => {
  test('stays in its line and its quotes', async () => {
    await using server = await logging('combined')
    using client = await server.connect()
    const head = 'GET /"\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: a"b\\c\té\r\n\r\n'
    await client.send(Buffer.from(head, 'latin1')).response()
    const [line] = linesOf(server)
    expect(line).toContain(String.raw`"GET /\"\\ HTTP/1.1" 200 5 "-" "a\"b\\c\t\xe9"`)
  })

  test('is escaped whatever it is, so that it can be read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const line = escapeLog(text)
        expect(line).toMatch(/^[\x20-\x7e]*$/)
        expect(line.replace(/\\./g, '')).not.toContain('"')
      }),
    )
    const latin1 = fc.uint8Array().map(bytes => Buffer.from(bytes).toString('latin1'))
    const named: Record<string, string> = { b: '\b', t: '\t', n: '\n', v: '\v', r: '\r' }
    fc.assert(
      fc.property(latin1, text => {
        const read = escapeLog(text).replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_all, hex, char) =>
          hex === undefined ? (named[char] ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
        )
        expect(read).toBe(text)
      }),
    )
  })
})

describe('every request has one line', () => {
  test('answered by the worker, by the program, and by the cache', async () => {
    await using server = await logging('json', [
      [HTTP_HEALTH_PATH, '/health'],
      [CACHE_ENABLE, true],
    ])
    using client = await server.connect()
    for (const path of ['/health', '/page', '/page']) await client.send(get(path)).response()
    expect(recordsOf(server).map(({ target, status, cache, fd }) => [target, status, cache, fd])).toEqual([
      ['/health', 200, undefined, undefined],
      ['/page', 200, 'fwd=miss; stored', 2],
      ['/page', 200, 'hit', undefined],
    ])
  })

  test.each<[string, string, number, string, Options]>([
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, '"GET / HTTP/1.1"', []],
    ['a field that is none', 'GET / HTTP/1.1\r\nHost: a\r\nno field\r\n\r\n', 400, '"-"', []],
    ['what is no HTTP', 'hello\r\n\r\n', 400, '"-"', []],
    [
      'a head that is too large',
      get('/', `A: ${'x'.repeat(600)}\r\n`),
      431,
      '"-"',
      [[HTTP_MAX_HEADER_SIZE, 512]],
    ],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 501, '"-"', []],
    ['Expect', get('/', 'Expect: the-worst\r\n'), 417, '"GET / HTTP/1.1"', []],
    [
      'a body that is too large',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n',
      413,
      '"POST / HTTP/1.1"',
      [[HTTP_MAX_BODY_SIZE, 8]],
    ],
    ['silence', '', 408, '"-"', [[HTTP_CONNECT_TIMEOUT, 20]]],
    ['an upgrade to nothing', get('/', 'Connection: Upgrade\r\nUpgrade: x\r\n'), 200, '"GET / HTTP/1.1"', []],
  ])('%s', async (_what, sent, status, line, options) => {
    await using server = await logging('common', options)
    using client = await server.connect()
    if (sent !== '') client.send(sent)
    expect((await client.response()).status).toBe(status)
    expect(linesOf(server)).toEqual([expect.stringContaining(` ${line} ${status} `)])
  })

  test('a broken body behind a request that the program has', async () => {
    await using server = await logging('json')
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n')
    expect((await client.response()).status).toBe(400)
    expect(recordsOf(server)).toMatchObject([{ method: 'POST', status: 400 }])
  })

  test('a client that leaves before its answer, and one that leaves within it', async () => {
    await using server = await logging('json')
    server.socket.onAccept = undefined
    using early = await server.connect()
    early.send(get('/early'))
    const first = await server.socket.exchange(0)
    early.close()
    await first.closed.promise
    using late = await server.connect()
    late.send(get('/late'))
    const second = await server.socket.exchange(1)
    second.driver.write!([200, null, true, 0], false)
    second.driver.write!('some', false)
    await late.until('some')
    late.close()
    await second.closed.promise
    expect(recordsOf(server)).toMatchObject([
      { target: '/early', status: 499, bytes: 0, aborted: true },
      { target: '/late', status: 200, bytes: 4, aborted: true },
    ])
  })

  test('pipelined requests, each with its own bytes', async () => {
    await using server = await logging('json')
    server.socket.onAccept = exchange =>
      exchange.answer(200, null, 'x'.repeat(Number(exchange.request[1].slice(1))), 0)
    using client = await server.connect()
    client.send(get('/1') + get('/20') + get('/300'))
    for (let i = 0; i < 3; i++) await client.response()
    expect(recordsOf(server).map(({ target, bytes }) => [target, bytes])).toEqual([
      ['/1', 1],
      ['/20', 20],
      ['/300', 300],
    ])
  })

  test('HEAD has no bytes, and a program that is late has 503', async () => {
    await using server = await logging('json', [[HTTP_TIMEOUT, 20]])
    using client = await server.connect()
    await client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n').response('HEAD')
    server.socket.onAccept = undefined
    await client.send(get('/slow')).response()
    expect(recordsOf(server).map(({ status, bytes }) => [status, bytes > 0])).toEqual([
      [200, false],
      [503, true],
    ])
  })

  test('HTTP/2: streams that were answered, refused, and taken back', async () => {
    await using server = await logging('json', [[HTTP2_ENABLE, true]])
    const session = connect(`http://127.0.0.1:${server.port}`)
    const ask = async (headers: OutgoingHttpHeaders): Promise<void> => {
      const stream = session.request(headers)
      await once(stream.resume(), 'close')
    }
    await ask({ ':path': '/a' })
    await ask({ ':path': '/b', expect: 'the-worst' })
    server.socket.onAccept = undefined
    const stream = session.request({ ':path': '/c' })
    const exchange = await server.socket.exchange(1)
    stream.close(constants.NGHTTP2_CANCEL)
    await exchange.closed.promise
    session.destroy()
    expect(recordsOf(server)).toMatchObject([
      { target: '/a', protocol: 'HTTP/2.0', status: 200, bytes: 5, fd: 2 },
      { target: '/b', protocol: 'HTTP/2.0', status: 417 },
      { target: '/c', protocol: 'HTTP/2.0', status: 499, aborted: true },
    ])
  })

  test('FastCGI, with the version that the client speaks', async () => {
    await using server = await logging('common', [[APACHE_FASTCGI_ENABLE, true]])
    using client = await FastCgiClient.connect({ port: server.port })
    client.request(variables({ SERVER_PROTOCOL: 'HTTP/2.0', REMOTE_ADDR: '192.0.2.9' }))
    await client.response()
    expect(linesOf(server)[0]).toMatch(/^192\.0\.2\.9 - - \[.*\] "GET \/\S* HTTP\/2\.0" 200 \d+$/)
  })
})

describe('which requests are logged', () => {
  test('skip leaves paths out, however they are spelled', async () => {
    await using server = await logging({ format: 'common', skip: ['/health', '/static/*'] })
    using client = await server.connect()
    for (const path of ['/health', '/he%61lth?x', '/static/a', '/b']) await client.send(get(path)).response()
    expect(linesOf(server)).toEqual([expect.stringContaining('/b')])
  })

  test('sample is of answers that are no failures', async () => {
    await using server = await logging({ format: 'common', sample: 0 })
    using client = await server.connect()
    await client.send(get('/good')).response()
    server.socket.onAccept = exchange => exchange.answer(500, null, null, 0)
    await client.send(get('/bad')).response()
    expect(linesOf(server)).toEqual([expect.stringContaining('/bad')])
  })

  test('false ends it', async () => {
    await using server = await logging('common')
    await server.set(HTTP_ACCESS_LOG, false)
    using client = await server.connect()
    await client.send(get()).response()
    expect(linesOf(server)).toEqual([])
  })
})

describe('a file', () => {
  test('is appended to, and has every line when the listener is closed', async () => {
    using log = new LogFolder()
    for (const path of ['/first', '/second']) {
      await using server = await logging({ format: 'common', file: log.path })
      using client = await server.connect()
      await client.send(get(path)).response()
      client.close()
      void server.driver.close!({})
      await (server.driver as unknown as { closed: Promise<void> }).closed
    }
    expect(log.lines()).toEqual([expect.stringContaining('/first'), expect.stringContaining('/second')])
  })

  test('that a rotator has moved away is opened anew', async () => {
    using log = new LogFolder()
    await using server = await logging({ format: 'common', file: log.path })
    using client = await server.connect()
    await client.send(get('/before')).response()
    await log.written(1)
    renameSync(log.path, `${log.path}.1`)
    while (log.lines().length === 0) {
      await client.send(get('/after')).response()
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    expect(log.lines(`${log.path}.1`)[0]).toContain('/before')
    expect(log.lines()[0]).toContain('/after')
  })

  test('that cannot be opened fails the option', async () => {
    await using server = await logging('common')
    server.socket.set(HTTP_ACCESS_LOG, { format: 'common', file: '/nowhere/access.log' })
    await expect(server.driver.setOption!(HTTP_ACCESS_LOG, undefined)).rejects.toMatchObject({
      code: 'ENOENT',
    })
    using client = await server.connect()
    await client.send(get()).response()
    expect(linesOf(server)).toHaveLength(1)
  })

  test('on a full disk costs its lines, is told of once, and harms nobody', async () => {
    await using server = await logging({ format: 'common', file: '/dev/full' })
    const troubles = () => server.socket.logs.filter(({ level }) => level === 'error')
    using client = await server.connect()
    // More than is kept for a disk that takes none.
    const path = `/${'x'.repeat(8000)}`
    for (let i = 0; i < 200; i++) expect((await client.send(get(path)).response()).status).toBe(200)
    while (troubles().length === 0) await once(client.send(get()).socket, 'data')
    expect(troubles()).toEqual([
      { level: 'error', message: expect.stringContaining('ENOSPC'), details: { file: '/dev/full' } },
    ])
  })
})
