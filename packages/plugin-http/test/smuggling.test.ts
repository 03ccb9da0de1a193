/**
 * Requests that two readers may take for different ones: each is refused, the connection is closed behind it, and the
 * request that hides behind it reaches nobody.
 */
import { describe, expect, test } from 'vitest'
import { HTTP_BODY_STREAM, HTTP_MAX_HEADER_SIZE } from '../src/core/index.ts'
import { TestServer } from './support/server.ts'

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n'

const head = (line: string, ...fields: string[]) => `${[line, ...fields].join('\r\n')}\r\n\r\n`
const post = (...fields: string[]) => head('POST / HTTP/1.1', 'Host: a', ...fields)
const chunked = (body: string, ...fields: string[]) => post('Transfer-Encoding: chunked', ...fields) + body
const get = (...fields: string[]) => head('GET / HTTP/1.1', ...fields)

/** What is sent, in front of the hidden request; and the status. */
const REFUSED: Record<string, readonly (readonly [title: string, sent: string | Buffer, status: number])[]> =
  {
    'two lengths': [
      [
        'Content-Length before chunks',
        `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
        400,
      ],
      [
        'chunks before Content-Length',
        `${post('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n`,
        400,
      ],
      ['chunks in capitals', `${post('Content-Length: 5', 'TRANSFER-ENCODING: CHUNKED')}0\r\n\r\n`, 400],
      ['two Content-Lengths', post('Content-Length: 0', 'Content-Length: 34'), 400],
      ['two that agree', `${post('Content-Length: 2', 'Content-Length: 2')}ab`, 400],
      ['a list of lengths', `${post('Content-Length: 2, 2')}ab`, 400],
      ['two chunkeds', `${post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
      ['a list of chunkeds', `${post('Transfer-Encoding: chunked, chunked')}0\r\n\r\n`, 400],
    ],
    'a length that is none': [
      ['a negative one', post('Content-Length: -1'), 400],
      ['with a plus', `${post('Content-Length: +2')}ab`, 400],
      ['hexadecimal', `${post('Content-Length: 0x2')}ab`, 400],
      ['with a letter', `${post('Content-Length: 2a')}ab`, 400],
      ['empty', post('Content-Length:'), 400],
      ['a fraction', `${post('Content-Length: 2.0')}ab`, 400],
      ['with a blank in it', `${post('Content-Length: 2 0')}ab`, 400],
      ['over 64 bits', post('Content-Length: 18446744073709551617'), 400],
    ],
    'a Transfer-Encoding that is none': [
      ['xchunked', `${post('Transfer-Encoding: xchunked')}0\r\n\r\n`, 400],
      ['identity', post('Transfer-Encoding: identity'), 400],
      ['gzip', post('Transfer-Encoding: gzip'), 400],
      ['chunked, then another', `${post('Transfer-Encoding: chunked, gzip')}0\r\n\r\n`, 400],
      [
        'chunked, then another, on two lines',
        `${post('Transfer-Encoding: chunked', 'Transfer-Encoding: gzip')}0\r\n\r\n`,
        400,
      ],
      ['quoted', `${post('Transfer-Encoding: "chunked"')}0\r\n\r\n`, 400],
      ['chunked with a parameter', `${post('Transfer-Encoding: chunked;a=b')}0\r\n\r\n`, 400],
      ['chunked behind a vertical tab', `${post('Transfer-Encoding: \x0bchunked')}0\r\n\r\n`, 400],
      ['chunked behind a comma', `${post('Transfer-Encoding: ,chunked,x')}0\r\n\r\n`, 400],
      ['in HTTP/1.0', `${head('POST / HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked')}0\r\n\r\n`, 400],
    ],
    'a header that is none': [
      ['a folded line', get('Host: a', 'X-A: b', ' Transfer-Encoding: chunked'), 400],
      ['a folded first line', get(' Host: a'), 400],
      ['a folded length', post('Content-Length:', ' 34'), 400],
      ['a bare CR in a value', get('Host: a', 'X-A: b\rTransfer-Encoding: chunked'), 400],
      ['a bare LF in a value', get('Host: a', 'X-A: b\nTransfer-Encoding: chunked'), 400],
      ['bare LFs for line ends', 'GET / HTTP/1.1\nHost: a\n\n', 400],
      ['a bare LF behind the last field', 'GET / HTTP/1.1\r\nHost: a\r\n\n', 400],
      ['a bare CR for a line end', 'GET / HTTP/1.1\rHost: a\r\n\r\n', 400],
      ['a blank before a colon', post('Content-Length : 34'), 400],
      ['a tab before a colon', `${post('Transfer-Encoding\t: chunked')}0\r\n\r\n`, 400],
      ['a NUL in a name', get('Host: a', 'X\0A: b'), 400],
      ['a NUL in a value', get('Host: a', 'X-A: b\0'), 400],
      ['no name', get('Host: a', ': b'), 400],
      ['no colon', get('Host: a', 'X-A'), 400],
      ['a name that is no token', get('Host: a', 'X(A): b'), 400],
      ['a name beyond ASCII', Buffer.from(get('Host: a', 'Content-Length\xa0: 34'), 'latin1'), 400],
    ],
    'the host': [
      ['none', get(), 400],
      ['two', get('Host: a', 'Host: b'), 400],
      ['two that agree', get('Host: a', 'host: a'), 400],
    ],
    'a request line that is none': [
      ['HTTP/0.9', 'GET /\r\n\r\n', 505],
      ['HTTP/0.9 with a host', 'GET /\r\nHost: a\r\n\r\n', 505],
      ['HTTP/1.2', head('GET / HTTP/1.2', 'Host: a'), 400],
      ['HTTP/2.0', head('GET / HTTP/2.0', 'Host: a'), 505],
      ['http/1.1', head('GET / http/1.1', 'Host: a'), 400],
      ['a version with zeros', head('GET / HTTP/01.1', 'Host: a'), 400],
      ['a blank before the method', head(' GET / HTTP/1.1', 'Host: a'), 400],
      ['a tab', head('GET\t/ HTTP/1.1', 'Host: a'), 400],
      ['a blank in the target', head('GET /a b HTTP/1.1', 'Host: a'), 400],
      ['a blank behind the version', head('GET / HTTP/1.1 ', 'Host: a'), 400],
      ['a control in the target', head('GET /\x01 HTTP/1.1', 'Host: a'), 400],
      ['a NUL in the target', head('GET /\0 HTTP/1.1', 'Host: a'), 400],
      ['a method that is none', head('GE(T / HTTP/1.1', 'Host: a'), 400],
      ['a method in lower case', head('get / HTTP/1.1', 'Host: a'), 400],
      ['CONNECT', head('CONNECT a:1 HTTP/1.1', 'Host: a'), 501],
    ],
    'chunks that are none': [
      ['no size', chunked('\r\n'), 400],
      ['a size that is no number', chunked('zz\r\n'), 400],
      ['a negative size', chunked('-1\r\n'), 400],
      ['a size with 0x', chunked('0x1\r\na\r\n0\r\n\r\n'), 400],
      ['a size with a blank before', chunked(' 1\r\na\r\n0\r\n\r\n'), 400],
      ['a size with a blank behind', chunked('1 \r\na\r\n0\r\n\r\n'), 400],
      ['a size over 64 bits', chunked('10000000000000001\r\na\r\n0\r\n\r\n'), 400],
      ['a size with an underscore', chunked('1_0\r\na\r\n0\r\n\r\n'), 400],
      ['more data than was said', chunked('1\r\nab\r\n0\r\n\r\n'), 400],
      ['no line end behind data', chunked('1\r\na0\r\n\r\n'), 400],
      ['a bare LF behind a size', chunked('1\na\r\n0\r\n\r\n'), 400],
      ['a bare LF behind data', chunked('1\r\na\n0\r\n\r\n'), 400],
      ['a bare CR in an extension', chunked('1;a\rb\r\na\r\n0\r\n\r\n'), 400],
      ['a bare LF in an extension', chunked('1;a\nb\r\na\r\n0\r\n\r\n'), 400],
      ['extensions without end', chunked(`1;${'a'.repeat(20_000)}\r\na\r\n0\r\n\r\n`), 413],
      ['a trailer that is none', chunked('0\r\nX A: b\r\n\r\n'), 400],
      ['a trailer with a bare LF', chunked('0\r\nX-A: b\nY: c\r\n\r\n'), 400],
      ['a length in the trailers', chunked('0\r\nContent-Length: 34\r\n\r\n'), 400],
      ['a coding in the trailers', chunked('0\r\nTransfer-Encoding: chunked\r\n\r\n'), 400],
      ['trailers over the limit', chunked(`0\r\nX-A: ${'b'.repeat(3000)}\r\n\r\n`), 431],
    ],
    'another protocol': [
      ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]), 400],
      ['no HTTP', 'hello\r\n\r\n', 400],
      ["HTTP/2's preface without prior knowledge", 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ],
    'more than is taken': [
      ['a header over the limit', get('Host: a', `X-Long: ${'x'.repeat(3000)}`), 431],
      ['a target over the limit', head(`GET /${'x'.repeat(3000)} HTTP/1.1`, 'Host: a'), 431],
    ],
  }

describe.each(Object.entries(REFUSED))('%s:', (_title, rows) => {
  test.each(rows)('%s', async (_what, sent, status) => {
    for (const streamed of [false, true]) {
      await using server = await TestServer.start([
        [HTTP_MAX_HEADER_SIZE, 2048],
        [HTTP_BODY_STREAM, streamed],
      ])
      using client = await server.connect()
      client.send(sent).send(HIDDEN)
      const response = await client.response()
      expect(response.status).toBe(status)
      expect(response.headers).toMatchObject({
        'content-type': 'application/problem+json',
        connection: 'close',
      })
      expect(JSON.parse(response.body)).toMatchObject({ type: 'about:blank', status })
      expect((await client.ended()).text).toBe('')
      const seen = server.socket.exchanges.filter(({ emitted }) => (emitted[0] as string[])[1] === '/hidden')
      expect(seen).toEqual([])
      // Of a streamed body the program may have the beginning: then it hears that there is no more.
      for (const exchange of server.socket.exchanges)
        expect(await exchange.closed.promise).toMatchObject({ code: 'EPROTO' })
      expect(server.socket.logs).toHaveLength(1)
    }
  })
})

/** What is one request to every reader: the one behind it is the next. */
const TAKEN: readonly (readonly [title: string, sent: string])[] = [
  ['names in any case', `${post('CONTENT-length: 2')}ab`],
  ['a coding in any case', `${post('tRaNsFeR-eNcOdInG: cHuNkEd')}1\r\na\r\n0\r\n\r\n`],
  ['blanks around a length', `${post('Content-Length: \t 2 \t')}ab`],
  ['a size with zeros before', chunked('0001\r\na\r\n000\r\n\r\n')],
  ['an extension', chunked('1;a=b;c="d"\r\na\r\n0;e\r\n\r\n')],
  ['a target in absolute form', head('POST http://b/ HTTP/1.1', 'Host: a', 'Content-Length: 0')],
  ['a body of a GET', `${get('Host: a', 'Content-Length: 2')}ab`],
  ['an empty line before', `\r\n${get('Host: a')}`],
  ['two blanks in the request line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
]

test.each(TAKEN)('%s is one request, and the next is the next', async (_title, sent) => {
  await using server = await TestServer.start()
  server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[1], 0)
  using client = await server.connect()
  client.send(sent + HIDDEN)
  expect((await client.response()).status).toBe(200)
  expect((await client.response()).body).toBe('/hidden')
  expect(server.socket.exchanges).toHaveLength(2)
})

test.each(['Host: b', 'Authorization: x', 'Content-Encoding: gzip'])(
  'a trailer %s is none of the fields, and frames nothing',
  async field => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[1], 0)
    using client = await server.connect()
    client.send(chunked(`1\r\na\r\n0\r\n${field}\r\n\r\n`) + HIDDEN)
    expect((await client.response()).status).toBe(200)
    expect((await client.response()).body).toBe('/hidden')
    expect(server.socket.exchanges[0]!.request[3]).toBe('Host\na\nTransfer-Encoding\nchunked')
  },
)

test('a target in absolute form is handed over as it was sent, beside the Host', async () => {
  await using server = await TestServer.start()
  using client = await server.connect()
  client.send(head('GET http://b/x HTTP/1.1', 'Host: a'))
  const { request } = await server.socket.exchange()
  expect(request.slice(0, 4)).toEqual(['GET', 'http://b/x', '1.1', 'Host\na'])
})

test('a fault behind a queue of requests leaves those in front of it alone, and none behind it is served', async () => {
  await using server = await TestServer.start()
  using client = await server.connect()
  const queue = 40
  client.send(get('Host: a').repeat(queue) + get('Host: a', 'Host: b') + HIDDEN)
  for (let i = 0; i < queue; i++) (await server.socket.exchange(i)).answer(200, null, 'ok', 0)
  for (let i = 0; i < queue; i++) expect((await client.response()).status).toBe(200)
  expect((await client.response()).status).toBe(400)
  expect((await client.ended()).text).toBe('')
  expect(server.socket.exchanges).toHaveLength(queue)
})

test.each([
  ['without a body', get('Host: a', 'Connection: upgrade', 'Upgrade: h2c')],
  ['with one', `${post('Connection: upgrade', 'Upgrade: websocket', 'Content-Length: 2')}ab`],
])('an upgrade that nobody wants, %s, is a request like others', async (_title, sent) => {
  await using server = await TestServer.start()
  server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[1], 0)
  using client = await server.connect()
  expect((await client.send(sent).response()).status).toBe(200)
  expect((await client.send(HIDDEN).response()).body).toBe('/hidden')
  expect(server.socket.exchanges).toHaveLength(2)
})
