import { describe, expect, test } from 'vitest'
import { HTTP_BODY_STREAM, HTTP_HEADERS, HTTP_MAX_BODY_SIZE, HTTP2_ENABLE } from '../src/core/index.ts'
import { H2Client } from './support/h2.ts'
import { get, TestServer } from './support/server.ts'

/** Answers every request with its path. */
function echoing(server: TestServer): TestServer {
  server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[1], 0)
  return server
}

describe('what crosses', () => {
  test('a request without a body is a flat array', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get('/a%20b?c=d', 'X-Two: 1\r\nX-Two: 2\r\n'))
    const { request, addr } = await server.socket.exchange()
    expect(request).toEqual(['GET', '/a%20b?c=d', '1.1', 'Host\na\nX-Two\n1\nX-Two\n2', null])
    expect(addr).toEqual({ address: '127.0.0.1', port: client.socket.localPort, family: 'IPv4' })
  })

  test('a body comes whole, with the trailers behind it', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    client.send('2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n')
    const { request } = await server.socket.exchange()
    expect(String(request[4])).toBe('abcde')
    expect(request[5]).toBe('X-Sum\n5')
  })

  test('a Content-Length of 0 is no body', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    expect((await server.socket.exchange()).request[4]).toBeNull()
  })
})

describe('responses', () => {
  test.each([
    ['text', ['hi', 0], 'text/plain; charset=utf-8', 'hi'],
    ['text beyond ASCII', ['☃', 0], 'text/plain; charset=utf-8', Buffer.from('☃').toString('latin1')],
    ['JSON', ['{"a":1}', 1], 'application/json; charset=utf-8', '{"a":1}'],
    ['bytes', [new Uint8Array([104, 105]), 2], 'application/octet-stream', 'hi'],
    ['nothing', [null, 0], undefined, ''],
    ['empty text', ['', 0], undefined, ''],
  ])('%s has its type and its length', async (_title, [body, kind], type, text) => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, null, body, kind)
    using client = await server.connect()
    const response = await client.send(get()).response()
    expect(response.headers['content-type']).toBe(type)
    expect(response.headers['content-length']).toBe(String(text.length))
    expect(response.body).toBe(text)
  })

  test("the listener's headers are added, but a reply's own win", async () => {
    await using server = await TestServer.start([
      [HTTP_HEADERS, { 'X-Both': 'default', 'X-Default': 'd', 'X-N': 1 }],
    ])
    server.socket.onAccept = exchange => exchange.answer(200, ['x-both', 'own', 'X-Own', 'o'], 'x', 0)
    using client = await server.connect()
    const { headers, head } = await client.send(get()).response()
    expect(headers).toMatchObject({ 'x-both': 'own', 'x-default': 'd', 'x-own': 'o', 'x-n': '1' })
    expect(head.match(/x-both/gi)).toHaveLength(1)
    await server.set(HTTP_HEADERS, { 'X-New': 'n' })
    const after = (await client.send(get()).response()).headers
    expect(after).toMatchObject({ 'x-new': 'n' })
    expect(after).not.toHaveProperty('x-default')
  })

  test('a type and repeated fields of the reply are sent as they are', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange =>
      exchange.answer(201, ['content-type', 'text/html', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'], '<p>', 0)
    using client = await server.connect()
    const { status, head } = await client.send(get()).response()
    expect(status).toBe(201)
    expect(head).toContain('content-type: text/html\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n')
  })

  test('Latin-1 in a header stays Latin-1, whatever the body is', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, ['X-Name', 'Jürgen'], '☃', 0)
    using client = await server.connect()
    expect((await client.send(get()).response()).headers['x-name']).toBe('Jürgen')
  })

  test('the length is ours to say: a wrong one does not split the response', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange =>
      exchange.answer(200, ['Content-Length', '1', 'Transfer-Encoding', 'chunked'], 'whole', 0)
    using client = await server.connect()
    const { headers, body } = await client.send(get()).response()
    expect(body).toBe('whole')
    expect(headers).not.toHaveProperty('transfer-encoding')
  })

  test.each([204, 304])('a %i has neither body nor type', async status => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(status, null, 'x', 0)
    using client = await server.connect()
    const { headers } = await client.send(get()).send(get()).response()
    expect(headers).not.toHaveProperty('content-type')
    expect(headers).not.toHaveProperty('content-length')
    expect((await client.response()).status).toBe(status)
  })

  test('HEAD says what GET would have, and sends none of it', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
    using client = await server.connect()
    const head = await client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n').response('HEAD')
    expect(head.headers).toMatchObject({ 'content-length': '5', 'content-type': 'text/plain; charset=utf-8' })
    expect((await client.send(get()).response()).body).toBe('hello')
  })

  test('HEAD answered without a body claims no length', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, null, null, 0)
    using client = await server.connect()
    const head = await client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n').response('HEAD')
    expect(head.headers).not.toHaveProperty('content-length')
  })

  test('205 has no content (RFC 9110 section 15.3.6), whatever the reply has', async () => {
    await using server = await TestServer.start([[HTTP2_ENABLE, true]])
    server.socket.onAccept = exchange => exchange.answer(205, null, 'content', 0)
    using client = await server.connect()
    expect(await client.send(get()).response()).toMatchObject({
      status: 205,
      headers: { 'content-length': '0' },
    })
    expect(client.received).toBe('')
    using other = await H2Client.connect(server.port)
    expect(await other.ask()).toMatchObject({ status: 205, headers: { 'content-length': '0' }, body: '' })
  })

  test('what cannot be sent is a 500 by its name as well', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, ['X-A', 'a\r\nX-B: b'], 'x', 0)
    using client = await server.connect()
    expect((await client.send(get()).response()).head).toMatch(/^HTTP\/1\.1 500 Internal Server Error\r\n/)
  })

  test('HTTP/1.0 is closed after the response unless it asks otherwise', async () => {
    await using server = echoing(await TestServer.start())
    using client = await server.connect()
    expect((await client.send('GET /a HTTP/1.0\r\n\r\n').ended()).text).toContain('\r\n\r\n/a')
    using kept = await server.connect()
    kept.send('GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect((await kept.response()).headers.connection).toBe('keep-alive')
    expect((await kept.send('GET /c HTTP/1.0\r\n\r\n').response()).body).toBe('/c')
  })

  test('pipelined requests are answered in their order, whatever the order of the answers', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get('/1') + get('/2') + get('/3'))
    await server.socket.exchange(2)
    for (const exchange of server.socket.exchanges.toReversed())
      exchange.answer(200, null, exchange.request[1], 0)
    for (const path of ['/1', '/2', '/3']) expect((await client.response()).body).toBe(path)
  })
})

describe('Expect', () => {
  test('100-continue is answered before the body, with the response after it', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[4], 2)
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n')
    expect((await client.response()).status).toBe(100)
    expect(server.socket.exchanges).toHaveLength(0)
    expect((await client.send('ok').response()).body).toBe('ok')
  })

  test('a body over the limit is refused before it is sent', async () => {
    await using server = await TestServer.start([[HTTP_MAX_BODY_SIZE, 10]])
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n')
    const { status, headers } = await client.response()
    expect([status, headers.connection]).toEqual([413, 'close'])
  })

  test('anything else is 417', async () => {
    await using server = echoing(await TestServer.start())
    using client = await server.connect()
    const { status, headers } = await client.send(get('/', 'Expect: magic\r\n')).response()
    expect([status, headers['content-type']]).toEqual([417, 'application/problem+json'])
    expect((await client.send(get('/next')).response()).body).toBe('/next')
    expect(server.inspect()).toMatchObject({ unanswered: 0, waiting: 0 })
  })
})

describe('bad input', () => {
  test('what is malformed gets its answer after the requests before it', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(`${get('/1')}nonsense\r\n\r\n`)
    const exchange = await server.socket.exchange()
    exchange.answer(200, null, 'first', 0)
    expect((await client.response()).body).toBe('first')
    expect((await client.response()).status).toBe(400)
    await client.ended()
  })

  test('a client that leaves behind what is malformed is noticed while an answer is due', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(`${get('/1')}nonsense\r\n\r\n`)
    const exchange = await server.socket.exchange()
    client.send('more').close()
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a malformed body ends its exchange when the request had an fd', async () => {
    await using server = await TestServer.start([[HTTP_BODY_STREAM, true]])
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nzz\r\n')
    const exchange = await server.socket.exchange()
    expect(await exchange.closed.promise).toMatchObject({ code: 'EPROTO' })
    expect((await client.response()).status).toBe(400)
  })

  test('one client that is refused is one log line', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    await client.send('nonsense\r\n\r\n').response()
    client.send('more nonsense\r\n\r\n')
    await client.ended()
    expect(server.socket.logs).toHaveLength(1)
    expect(server.socket.logs[0]).toMatchObject({ level: 'debug', details: { status: 400 } })
  })
})

describe('bodies over the limit', () => {
  test('are refused by their Content-Length', async () => {
    await using server = await TestServer.start([[HTTP_MAX_BODY_SIZE, 1000]])
    using client = await server.connect()
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n${'x'.repeat(1001)}`)
    const { status, headers } = await client.response()
    expect([status, headers.connection]).toEqual([413, 'close'])
    expect((await client.ended()).error).toBeUndefined()
    expect(server.socket.exchanges).toHaveLength(0)
  })

  test('are refused while they arrive, and the client can read that', async () => {
    await using server = await TestServer.start([[HTTP_MAX_BODY_SIZE, 1000]])
    using client = await server.connect()
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    for (let i = 0; i < 2000; i++) client.send(chunk)
    const { status, headers } = await client.response()
    expect([status, headers.connection]).toEqual([413, 'close'])
    expect((await client.ended()).error).toBeUndefined()
    expect(server.socket.exchanges).toHaveLength(0)
  })

  test('a body of exactly the limit passes, and the limit may change', async () => {
    await using server = await TestServer.start([[HTTP_MAX_BODY_SIZE, 4]])
    server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[4], 2)
    using client = await server.connect()
    const post = (body: string) =>
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    expect((await client.send(post('four')).response()).body).toBe('four')
    await server.set(HTTP_MAX_BODY_SIZE, 5)
    expect((await client.send(post('fives')).response()).body).toBe('fives')
    expect((await client.send(post('sixsix')).response()).status).toBe(413)
  })
})
