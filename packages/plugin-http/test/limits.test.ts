import { describe, expect, test } from 'vitest'
import {
  HTTP_BODY_STREAM,
  HTTP_CONNECT_TIMEOUT,
  HTTP_HEALTH_PATH,
  HTTP_KEEP_ALIVE_TIMEOUT,
  HTTP_MAX_BODY_SIZE,
  HTTP_READ_TIMEOUT,
  HTTP_TIMEOUT,
} from '../src/core/index.ts'
import { MAX_UNANSWERED } from '../src/core/worker.ts'
import { get, TestServer } from './support/server.ts'

/**
 * Resolves when another server has found a header late. Servers check for that in the order in which they were started:
 * one that was started before has had its own check.
 */
async function aLateHeader(): Promise<void> {
  await using server = await TestServer.start([[HTTP_READ_TIMEOUT, 50]])
  using client = await server.connect()
  expect((await client.send('GET / HTTP/1.1\r\n').response()).status).toBe(408)
}

describe('times', () => {
  test('no answer in HTTP_TIMEOUT is a 503, one log line that names the request, and the end of the fd', async () => {
    await using server = await TestServer.start([[HTTP_TIMEOUT, 50]])
    using client = await server.connect()
    const response = await client.send(get('/slow?secret=1')).response()
    expect(response.status).toBe(503)
    expect(JSON.parse(response.body)).toMatchObject({ status: 503, title: 'Service Unavailable' })
    const exchange = await server.socket.exchange()
    expect(exchange.closedWith).toMatchObject({ code: 'ETIMEDOUT' })
    expect(server.socket.logs).toMatchObject([{ level: 'warn', message: 'no answer in time: GET /slow' }])
    exchange.driver.write!([200, null, 'late', 0], true)
    server.socket.onAccept = next => next.answer(200, null, 'mine', 0)
    expect((await client.send(get('/next')).response()).body).toBe('mine')
    expect(client.received).toBe('')
  })

  test('HTTP_TIMEOUT may change for later requests', async () => {
    await using server = await TestServer.start()
    await server.set(HTTP_TIMEOUT, 50)
    using client = await server.connect()
    expect((await client.send(get()).response()).status).toBe(503)
  })

  test('an answer that has begun is not timed out', async () => {
    await using server = await TestServer.start([[HTTP_TIMEOUT, 50]])
    server.socket.onAccept = exchange => exchange.driver.write!([200, null, true, 0], false)
    using client = await server.connect()
    client.send(get())
    const { driver } = await server.socket.exchange()
    await client.until('\r\n\r\n')
    server.socket.onAccept = undefined
    using later = await server.connect()
    expect((await later.send(get('/later')).response()).status).toBe(503)
    driver.write!('rest', false)
    driver.write!(null, true)
    await client.until('0\r\n\r\n')
    expect(server.socket.logs).toMatchObject([{ message: 'no answer in time: GET /later' }])
  })

  test('a connection that says nothing is told 408 after HTTP_CONNECT_TIMEOUT', async () => {
    await using server = await TestServer.start([[HTTP_CONNECT_TIMEOUT, 50]])
    using silent = await server.connect()
    expect((await silent.response()).status).toBe(408)
    await silent.ended()
  })

  test.each([
    ['header', 'GET / HTTP/1.1\r\nHost: a\r\n'],
    ['body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab'],
  ])('a %s that does not end is a 408 after HTTP_READ_TIMEOUT', async (_title, sent) => {
    await using server = await TestServer.start([
      [HTTP_CONNECT_TIMEOUT, 50],
      [HTTP_READ_TIMEOUT, 100],
    ])
    using client = await server.connect()
    const response = await client.send(sent).response()
    expect(response.status).toBe(408)
    expect(response.headers['content-type']).toBe('application/problem+json')
    await client.ended()
    expect(server.socket.exchanges).toHaveLength(0)
  })

  test('a HTTP_READ_TIMEOUT of 0 limits neither header nor body, whatever HTTP_CONNECT_TIMEOUT is', async () => {
    await using server = await TestServer.start([[HTTP_READ_TIMEOUT, 0]])
    server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[1], 0)
    using header = await server.connect()
    using body = await server.connect()
    header.send('GET /header HTTP/1.1\r\n')
    body.send('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na')
    await server.set(HTTP_CONNECT_TIMEOUT, 50)
    using silent = await server.connect()
    expect((await silent.response()).status).toBe(408)
    await aLateHeader()
    expect((await header.send('Host: a\r\n\r\n').response()).body).toBe('/header')
    expect((await body.send('b').response()).body).toBe('/body')
  })

  test('HTTP_READ_TIMEOUT begins with the first byte: until then HTTP_CONNECT_TIMEOUT alone counts', async () => {
    await using server = await TestServer.start([
      [HTTP_CONNECT_TIMEOUT, 0],
      [HTTP_READ_TIMEOUT, 50],
    ])
    server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
    using silent = await server.connect()
    while (server.inspect().connections === 0) await new Promise(resolve => setImmediate(resolve))
    using begun = await server.connect()
    expect((await begun.send('GET / HTTP/1.1\r\n').response()).status).toBe(408)
    expect((await silent.send(get()).response()).body).toBe('hello')
    expect((await silent.send('GET / HTTP/1.1\r\n').response()).status).toBe(408)
  })

  test('an idle connection is closed after HTTP_KEEP_ALIVE_TIMEOUT, which responses announce', async () => {
    await using server = await TestServer.start([[HTTP_KEEP_ALIVE_TIMEOUT, 1000]])
    server.socket.onAccept = exchange => exchange.answer(200, null, 'x', 0)
    using client = await server.connect()
    expect((await client.send(get()).response()).headers['keep-alive']).toBe('timeout=1')
    await client.ended()
  })

  test('a streamed body counts as waiting for the program only while the program does not read it', async () => {
    await using server = await TestServer.start([
      [HTTP_TIMEOUT, 60],
      [HTTP_BODY_STREAM, true],
    ])
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nab')
    const exchange = await server.socket.exchange()
    using later = await server.connect()
    expect((await later.send(get()).response()).status).toBe(503)
    expect(exchange.ended).toBe(false)
    exchange.credit = false
    client.send('cd')
    expect((await client.response()).status).toBe(503)
    expect(exchange.closedWith).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('a client that takes nothing of the answer for HTTP_TIMEOUT is dropped', async () => {
    await using server = await TestServer.start([[HTTP_TIMEOUT, 200]])
    using client = await server.connect()
    client.socket.pause()
    client.send(get())
    const exchange = await server.socket.exchange()
    exchange.driver.write!([200, null, true, 2], false)
    const chunk = Buffer.alloc(1 << 20)
    const fill = () => {
      while (!exchange.ended && exchange.driver.write!(chunk, false));
    }
    exchange.onDrained = fill
    fill()
    expect(await exchange.closed.promise).toMatchObject({ code: 'ETIMEDOUT' })
  })
})

describe('pipelining', () => {
  test('100 000 requests and a silent program: 32 fds, bounded memory, and then all answers in order', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    const total = 100_000
    const batch = 1000
    const before = process.memoryUsage().rss
    for (let i = 0; i < total; i += batch) {
      let text = ''
      for (let j = i; j < i + batch; j++) text += get(`/${j}`)
      client.send(text)
    }
    await server.socket.exchange(MAX_UNANSWERED - 1)
    // All that the server would ever read while nobody answers.
    for (let i = 0; i < 200; i++) await new Promise(resolve => setImmediate(resolve))
    expect(server.socket.exchanges).toHaveLength(MAX_UNANSWERED)
    expect(server.inspect()).toMatchObject({ connections: 1, unanswered: MAX_UNANSWERED })
    expect(server.inspect().waiting).toBeLessThan(5000)
    expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20)

    const answered: string[] = []
    const answer = (exchange: (typeof server.socket.exchanges)[number]) => {
      answered.push(exchange.request[1])
      exchange.answer(200, null, exchange.request[1], 0)
    }
    server.socket.onAccept = answer
    for (const exchange of [...server.socket.exchanges]) answer(exchange)
    for (let i = 0; i < total; i++) {
      const { body } = await client.response()
      if (body !== `/${i}`) expect(body).toBe(`/${i}`)
    }
    expect(answered).toHaveLength(total)
    expect(server.inspect()).toMatchObject({ unanswered: 0, waiting: 0 })
  }, 60_000)

  test('a client that leaves with requests waiting leaves nothing behind', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(Array.from({ length: 500 }, (_, i) => get(`/${i}`)).join(''))
    await server.socket.exchange(MAX_UNANSWERED - 1)
    client.socket.resetAndDestroy()
    // A socket that is not read learns of the reset when it is written to.
    for (const exchange of server.socket.exchanges) exchange.answer(200, null, 'x'.repeat(100_000), 0)
    while (server.inspect().connections > 0) await new Promise(resolve => setImmediate(resolve))
    expect(server.inspect()).toMatchObject({ connections: 0, unanswered: 0, waiting: 0 })
  })
})

describe('a client that leaves', () => {
  test.each([
    ['before its header is complete', 'GET / HTTP/1.1\r\nHo'],
    ['in its body', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'],
    [
      'in the body that was told to continue',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
    ],
  ])('%s costs no fd', async (_title, sent) => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(sent)
    while (server.inspect().connections === 0) await new Promise(resolve => setImmediate(resolve))
    client.close()
    while (server.inspect().connections > 0) await new Promise(resolve => setImmediate(resolve))
    expect(server.socket.exchanges).toHaveLength(0)
  })

  test('while the answer is due ends the fd with ECONNRESET, and a late answer goes nowhere', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get())
    const exchange = await server.socket.exchange()
    client.close()
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
    expect(exchange.driver.write!([200, null, 'late', 0], true)).toBe(true)
  })

  test('while it sends a streamed body', async () => {
    await using server = await TestServer.start([[HTTP_BODY_STREAM, true]])
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    const exchange = await server.socket.exchange()
    client.close()
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
    expect(exchange.emitted.at(-1)).not.toBeNull()
  })

  test('in a streamed answer', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get())
    const exchange = await server.socket.exchange()
    exchange.driver.write!([200, null, true, 0], false)
    exchange.driver.write!('first', false)
    await client.until('first')
    client.close()
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
    expect(exchange.driver.write!('more', false)).toBe(true)
  })

  test('with several requests pipelined ends each of their fds once', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get('/1') + get('/2') + get('/3'))
    await server.socket.exchange(2)
    server.socket.exchanges[1]!.answer(200, null, 'x', 0)
    client.close()
    await Promise.all([0, 2].map(index => server.socket.exchanges[index]!.closed.promise))
    expect(server.socket.exchanges[1]!.closedWith).toBeUndefined()
  })
})

describe('streams', () => {
  test('chunks of an answer leave as they come, and trailers behind them', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get())
    const { driver } = await server.socket.exchange()
    driver.write!([200, ['Trailer', 'X-Sum'], true, 2], false)
    const head = await client.until('\r\n\r\n')
    expect(head).toContain('Transfer-Encoding: chunked')
    expect(head).toContain('Trailer: X-Sum')
    driver.write!('a☃', false)
    expect(await client.until('\r\n')).toBe('4\r\n')
    driver.write!(new Uint8Array([98]), false)
    driver.write!([['X-Sum', '5']], true)
    expect((await client.until('0\r\nX-Sum: 5\r\n\r\n')).endsWith('1\r\nb\r\n0\r\nX-Sum: 5\r\n\r\n')).toBe(
      true,
    )
  })

  test('a length that the program knows is kept, and one that is wrong drops the connection', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get())
    const right = await server.socket.exchange()
    right.driver.write!([200, ['Content-Length', '4'], true, 0], false)
    right.driver.write!('four', false)
    right.driver.write!(null, true)
    expect(await client.response()).toMatchObject({ body: 'four' })
    client.send(get())
    const wrong = await server.socket.exchange(1)
    wrong.driver.write!([200, ['Content-Length', '4'], true, 0], false)
    wrong.driver.write!('fives', false)
    expect(await wrong.closed.promise).toMatchObject({ code: 'EINVAL' })
    await client.ended()
    expect(server.socket.logs).toMatchObject([{ level: 'error' }])
  })

  test('a stream to an HTTP/1.0 client ends with the connection', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send('GET / HTTP/1.0\r\n\r\n')
    const { driver } = await server.socket.exchange()
    driver.write!([200, ['Trailer', 'X-Sum'], true, 0], false)
    driver.write!('all', false)
    driver.write!([['X-Sum', '3']], true)
    expect((await client.ended()).text).toMatch(/\r\n\r\nall$/)
  })

  test('a slow client holds the stream until it reads', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.socket.pause()
    client.send(get())
    const exchange = await server.socket.exchange()
    exchange.driver.write!([200, null, true, 2], false)
    const chunk = Buffer.alloc(1 << 20)
    while (exchange.driver.write!(chunk, false));
    const drained = new Promise<void>(resolve => {
      exchange.onDrained = resolve
    })
    client.socket.resume()
    await drained
    expect(exchange.drains).toBe(1)
  })

  test('a body of the request comes in chunks, held back by credit, with its trailers at the end', async () => {
    await using server = await TestServer.start([[HTTP_BODY_STREAM, true]])
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    const exchange = await server.socket.exchange()
    expect(exchange.request[4]).toBe(true)
    const emitted = (count: number) =>
      new Promise<void>(resolve => {
        exchange.onEmit = () => exchange.emitted.length >= count && resolve()
        exchange.onEmit()
      })
    await emitted(2)
    exchange.credit = false
    client.send('1\r\nd\r\n')
    await emitted(3)
    client.send('1\r\ne\r\n0\r\nX-Sum: 5\r\n\r\n')
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
    expect(exchange.emitted).toHaveLength(3)
    exchange.credit = true
    exchange.driver.resume!()
    await emitted(5)
    expect(exchange.emitted.slice(1).map(String)).toEqual(['abc', 'd', 'e', 'X-Sum\n5'])
    exchange.answer(200, null, 'ok', 0)
    expect((await client.response()).body).toBe('ok')
  })

  test('an answer before the end of a streamed body closes the connection behind it', async () => {
    await using server = await TestServer.start([[HTTP_BODY_STREAM, true]])
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc')
    const exchange = await server.socket.exchange()
    exchange.answer(403, null, 'no', 0)
    const { headers, body } = await client.response()
    expect([headers.connection, body]).toEqual(['close', 'no'])
    expect((await client.ended()).error).toBeUndefined()
  })
})

describe('a request behind one that closes the connection', () => {
  test('is not served', async () => {
    await using server = await TestServer.start([[HTTP_MAX_BODY_SIZE, 3]])
    using client = await server.connect()
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nfour${get('/behind')}`)
    expect((await client.response()).status).toBe(413)
    expect((await client.ended()).text).toBe('')
    expect(server.socket.exchanges).toHaveLength(0)
  })
})

describe('the health path', () => {
  test('is answered without the program, with or without a query', async () => {
    await using server = await TestServer.start([[HTTP_HEALTH_PATH, '/health']])
    using client = await server.connect()
    const response = await client.send(get('/health')).response()
    expect([response.status, response.body]).toEqual([200, '{"status":"ok"}'])
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    expect((await client.send(get('/health?x=1')).response()).status).toBe(200)
    const { status, headers } = await client.send('DELETE /health HTTP/1.1\r\nHost: a\r\n\r\n').response()
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD'])
    expect(server.socket.exchanges).toHaveLength(0)
    client.send(get('/healthy'))
    await server.socket.exchange()
  })
})

describe('fds', () => {
  test('when there are no more, a request is refused with 503', async () => {
    await using server = await TestServer.start()
    server.socket.fds = 0
    using client = await server.connect()
    const { status, headers } = await client.send(get()).response()
    expect([status, headers.connection]).toEqual([503, 'close'])
  })

  test('one that the program closes unanswered is a 500, or a reset when it aborts', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get())
    ;(await server.socket.exchange()).driver.close!({})
    expect((await client.response()).status).toBe(500)
    client.send(get())
    ;(await server.socket.exchange(1)).driver.close!({ abort: true })
    expect((await client.ended()).text).toBe('')
  })
})
