import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readHead } from '../src/core/fastcgi/head.ts'
import { decodePairs, encodePairs } from '../src/core/fastcgi/pairs.ts'
import { RecordReader } from '../src/core/fastcgi/reader.ts'
import {
  ABORT_REQUEST,
  encodeEnd,
  encodeRecord,
  encodeStream,
  GET_VALUES,
  KEEP_CONN,
  PARAMS,
  RESPONDER,
  STDIN,
  STDOUT,
} from '../src/core/fastcgi/records.ts'
import {
  APACHE_FASTCGI_ENABLE,
  APACHE_PROXY_ENABLE,
  CACHE_ENABLE,
  HTTP_BODY_STREAM,
  HTTP_HEADERS,
  HTTP_HEALTH_PATH,
  HTTP_MAX_BODY_SIZE,
  HTTP_MAX_HEADER_SIZE,
  HTTP_READ_TIMEOUT,
} from '../src/core/index.ts'
import { encodeBegin, FastCgiClient, variables } from './support/fastcgi-client.ts'
import { TestServer } from './support/server.ts'

const start = (...options: [number, unknown][]) =>
  TestServer.start([[APACHE_FASTCGI_ENABLE, true], ...options])

/** Answers every request with its path and its body. */
function echoing(server: TestServer): TestServer {
  server.socket.onAccept = exchange =>
    exchange.answer(200, null, `${exchange.request[1]} ${exchange.request[4] ?? ''}`, 0)
  return server
}

const client = (server: TestServer) => FastCgiClient.connect(server.address)

describe('records', () => {
  /** What a reader makes of chunks. */
  function read(chunks: readonly Buffer[]): string[] {
    const events: string[] = []
    const streams = new Map<string, Buffer[]>()
    const reader = new RecordReader({
      record: (type, id, content) => void events.push(`${type} ${id} ${content.toString('hex')}`),
      part(type, id, content) {
        const key = `${type} ${id}`
        streams.set(key, [...(streams.get(key) ?? []), Buffer.from(content)])
      },
      end(type, id) {
        const key = `${type} ${id}`
        events.push(`${key} ${Buffer.concat(streams.get(key) ?? []).toString('hex')} end`)
        streams.delete(key)
      },
    })
    for (const chunk of chunks) reader.push(chunk)
    return events
  }

  function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
    const places = [...new Set(cuts.map(cut => cut % (bytes.length + 1)))].sort((a, b) => a - b)
    return [...places, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : places[i - 1], end))
  }

  test('what was written is read, however it is cut', () => {
    const stream = fc.record({
      type: fc.constantFrom(PARAMS, STDIN),
      id: fc.integer({ min: 1, max: 65_535 }),
      content: fc.uint8Array({ maxLength: 300 }),
    })
    fc.assert(
      fc.property(
        fc.array(stream, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (streams, cuts) => {
          const bytes = Buffer.concat(
            streams.flatMap(({ type, id, content }) => [
              ...encodeStream(type, id, content),
              encodeEnd(type, id),
            ]),
          )
          expect(read(cutAt(bytes, cuts))).toEqual(
            streams.map(
              ({ type, id, content }) => `${type} ${id} ${Buffer.from(content).toString('hex')} end`,
            ),
          )
        },
      ),
    )
  })

  test('a stream of more than one record has all its bytes', () => {
    const content = randomBytes(200_000)
    const records = encodeStream(STDIN, 7, content)
    expect(records.length).toBe(4)
    expect(read([...records, encodeEnd(STDIN, 7)])).toEqual([`${STDIN} 7 ${content.toString('hex')} end`])
  })

  test('any padding is skipped', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.array(fc.nat(), { maxLength: 8 }), (padding, cuts) => {
        const record = Buffer.concat([
          Buffer.from([1, GET_VALUES, 0, 0, 0, 3, padding, 0]),
          Buffer.from('abc'),
          Buffer.alloc(padding, 0xff),
        ])
        const twice = Buffer.concat([record, record])
        expect(read(cutAt(twice, cuts))).toEqual(Array(2).fill(`${GET_VALUES} 0 616263`))
      }),
    )
  })

  test('any bytes are records or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), bytes => {
        try {
          read([Buffer.from(bytes)])
        } catch (error) {
          expect(error).toMatchObject({ code: 'EPROTO' })
        }
      }),
      { numRuns: 500 },
    )
  })

  test('pairs are what was written, with lengths of one byte and of four', () => {
    const text = fc.string({ unit: 'binary-ascii', maxLength: 300 })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 10 }), pairs => {
        expect(decodePairs(encodePairs(pairs.flat()))).toEqual(pairs.flat())
      }),
    )
  })

  test('any bytes are pairs or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
        try {
          expect(decodePairs(Buffer.from(bytes)).length % 2).toBe(0)
        } catch (error) {
          expect(error).toMatchObject({ code: 'EPROTO' })
        }
      }),
      { numRuns: 500 },
    )
  })

  test('no variables make a head with a line break in it', () => {
    const nasty = fc.string({
      unit: fc.constantFrom('a', '/', ' ', '\r', '\n', '\0', ':', '%', '\x7f', '_', 'é'),
      maxLength: 12,
    })
    const name = fc.oneof(
      fc.constantFrom('REQUEST_METHOD', 'REQUEST_URI', 'HTTP_HOST', 'HTTP_X', 'CONTENT_TYPE', 'SERVER_NAME'),
      nasty.map(text => `HTTP_${text}`),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(name, nasty), { maxLength: 8 }), pairs => {
        const head = readHead(['REQUEST_METHOD', 'GET', 'REQUEST_URI', '/', ...pairs.flat()])
        if (head)
          for (const text of [head.method, head.uri, ...head.rawHeaders]) expect(text).not.toMatch(/[\r\n\0]/)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('requests', () => {
  test('CGI variables make the request that HTTP would have made', async () => {
    await using server = await start()
    using web = await client(server)
    web.request(
      variables({
        REQUEST_METHOD: 'POST',
        REQUEST_URI: '/a%20b?c=d',
        SCRIPT_NAME: '/a b',
        QUERY_STRING: 'c=d',
        SERVER_PROTOCOL: 'HTTP/2.0',
        CONTENT_TYPE: 'text/plain',
        CONTENT_LENGTH: '5',
        HTTP_X_TWO_WORDS: 'yes',
        HTTP_PROXY: 'http://evil.example/',
        REMOTE_USER: '',
      }),
      'hello',
    )
    const { request, addr } = await server.socket.exchange()
    expect(request.slice(0, 4)).toEqual([
      'POST',
      '/a%20b?c=d',
      '2.0',
      'host\nexample.org\ncontent-type\ntext/plain\nx-two-words\nyes\ncontent-length\n5',
    ])
    expect(String(request[4])).toBe('hello')
    expect(addr).toEqual({ address: '203.0.113.9', port: 5555, family: 'IPv4' })
  })

  test.each([
    [
      'without REQUEST_URI the path is made of what there is',
      { REQUEST_URI: '', SCRIPT_NAME: '/a b', QUERY_STRING: 'x' },
      '/a%20b?x',
    ],
    ['an asterisk is a target', { REQUEST_METHOD: 'OPTIONS', REQUEST_URI: '*' }, '*'],
  ])('%s', async (_title, more, uri) => {
    await using server = await start()
    using web = await client(server)
    web.request(variables(more))
    expect((await server.socket.exchange()).request[1]).toBe(uri)
  })

  test('a response has a Status, its fields and its body, and nothing of the connection', async () => {
    await using server = await start([HTTP_HEADERS, { 'X-All': '1' }])
    server.socket.onAccept = exchange =>
      exchange.answer(302, ['Location', '/b', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'], 'hi', 0)
    using web = await client(server)
    const response = await web.request(variables()).response()
    expect(response).toEqual({
      status: '302 Found',
      headers: [
        ['status', '302 Found'],
        ['location', '/b'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
        ['x-all', '1'],
        ['content-type', 'text/plain; charset=utf-8'],
        ['content-length', '2'],
      ],
      body: 'hi',
      appStatus: 0,
      protocolStatus: 0,
    })
  })

  test('requests follow each other on one connection', async () => {
    await using server = echoing(await start())
    using web = await client(server)
    for (let i = 0; i < 20; i++) {
      const response = await web.request(variables({ REQUEST_URI: `/${i}` })).response()
      expect(response.body).toBe(`/${i} `)
    }
    expect(server.inspect().connections).toBe(1)
  })

  test('requests at the same time are told apart by their ids', async () => {
    await using server = await start()
    using web = await client(server)
    for (const id of [1, 2, 515]) web.request(variables({ REQUEST_URI: `/${id}` }), '', id)
    for (const index of [2, 0, 1]) (await server.socket.exchange(index)).answer(200, null, `${index}`, 0)
    expect((await web.response(515)).body).toBe('2')
    expect((await web.response(1)).body).toBe('0')
    expect((await web.response(2)).body).toBe('1')
  })

  test('more requests at the same time than are served are refused as overload', async () => {
    await using server = await start()
    using web = await client(server)
    for (let id = 1; id <= 33; id++) web.request(variables(), '', id)
    expect(await web.response(33)).toMatchObject({ protocolStatus: 2 })
  })

  test('without FCGI_KEEP_CONN the connection is closed behind the response', async () => {
    await using server = echoing(await start())
    using web = await client(server)
    expect((await web.request(variables(), '', 1, 0).response()).body).toBe('/ ')
    await web.closed()
  })

  test('a body without a length is as long as its stream', async () => {
    await using server = echoing(await start())
    using web = await client(server)
    const post = { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '' }
    expect((await web.request(variables(post), 'all of it').response()).body).toBe('/ all of it')
    const coded = { ...post, HTTP_TRANSFER_ENCODING: 'chunked' }
    expect((await web.request(variables(coded), 'decoded').response()).body).toBe('/ decoded')
    expect((await web.request(variables(post)).response()).body).toBe('/ ')
  })

  test('a large body comes whole', async () => {
    await using server = await start([HTTP_MAX_BODY_SIZE, 2 ** 24])
    server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[4], 2)
    using web = await client(server)
    const body = randomBytes(3_000_000)
    web.request(variables({ REQUEST_METHOD: 'PUT', CONTENT_LENGTH: String(body.length) }), body)
    const response = await web.response()
    expect(Buffer.from(response.body, 'latin1').equals(body)).toBe(true)
  })

  test('a streamed body waits while nobody takes it', async () => {
    await using server = await start([HTTP_BODY_STREAM, true], [HTTP_MAX_BODY_SIZE, 2 ** 26])
    using web = await client(server)
    server.socket.onAccept = exchange => {
      exchange.credit = false
    }
    const size = 16 * 2 ** 20
    web.request(variables({ REQUEST_METHOD: 'PUT', CONTENT_LENGTH: String(size) }), Buffer.alloc(size))
    const exchange = await server.socket.exchange()
    const received = () =>
      exchange.emitted
        .slice(1)
        .reduce<number>((sum, chunk) => sum + ((chunk as Buffer | null)?.length ?? 0), 0)
    // The system's buffers are full when the socket takes no more.
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(received()).toBeLessThan(size / 2)
    expect(web.socket.writableLength).toBeGreaterThan(0)
    exchange.credit = true
    exchange.driver.resume!()
    await new Promise<void>(resolve => web.socket.once('drain', resolve))
    while (exchange.emitted.at(-1) !== null) await new Promise(resolve => setTimeout(resolve, 5))
    expect(received()).toBe(size)
  })

  test('a streamed response is sent as it comes', async () => {
    await using server = await start()
    server.socket.onAccept = exchange => {
      exchange.driver.write!([200, ['Trailer', 'X-Sum'], true, 2], false)
      exchange.driver.write!(Buffer.from('one '), false)
      exchange.driver.write!('two', false)
      exchange.driver.write!([['X-Sum', '7']], true)
    }
    using web = await client(server)
    const response = await web.request(variables()).response()
    expect(response.body).toBe('one two')
    expect(response.headers.map(([name]) => name)).toEqual(['status', 'content-type'])
  })

  test('a HEAD has no body', async () => {
    await using server = echoing(await start())
    using web = await client(server)
    const response = await web.request(variables({ REQUEST_METHOD: 'HEAD' })).response()
    expect(response.body).toBe('')
    expect(response.headers).toContainEqual(['content-length', '2'])
  })

  test('a response that may be kept is kept', async () => {
    await using server = await start([CACHE_ENABLE, true])
    server.socket.onAccept = exchange => exchange.answer(200, ['Cache-Control', 'max-age=60'], 'kept', 0)
    using web = await client(server)
    for (let i = 0; i < 3; i++) expect((await web.request(variables()).response()).body).toBe('kept')
    expect(server.socket.exchanges.length).toBe(1)
  })

  test('health is answered without the program', async () => {
    await using server = await start([HTTP_HEALTH_PATH, '/up'])
    using web = await client(server)
    const response = await web.request(variables({ REQUEST_URI: '/up' })).response()
    expect(response.body).toBe('{"status":"ok"}')
  })
})

describe('what is refused', () => {
  test.each([
    ['no method', { REQUEST_METHOD: '' }],
    ['a target with a space', { REQUEST_URI: '/a b' }],
    ['a target with a line break', { REQUEST_URI: '/a\nx' }],
    ['a header with a line break', { HTTP_X: 'a\r\nb: c' }],
    ['a length that is none', { CONTENT_LENGTH: '1e3' }],
    ['a negative length', { CONTENT_LENGTH: '-1' }],
  ])('%s is 400, and the connection goes on', async (_title, more) => {
    await using server = echoing(await start())
    using web = await client(server)
    expect((await web.request(variables(more)).response()).status).toBe('400 Bad Request')
    expect((await web.request(variables()).response()).body).toBe('/ ')
    expect(server.socket.exchanges.length).toBe(1)
  })

  test('a body longer than its length is 400', async () => {
    await using server = await start()
    using web = await client(server)
    web.request(variables({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: '3' }), 'four')
    expect((await web.response()).status).toBe('400 Bad Request')
    expect(server.socket.exchanges.length).toBe(0)
  })

  test('a body shorter than its length is a client that has left', async () => {
    await using server = await start([HTTP_BODY_STREAM, true])
    using web = await client(server)
    web.request(variables({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: '9' }), 'four')
    const exchange = await server.socket.exchange()
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a body over the limit is 413, and the connection goes on', async () => {
    await using server = echoing(await start([HTTP_MAX_BODY_SIZE, 4]))
    using web = await client(server)
    const long = { REQUEST_METHOD: 'POST', CONTENT_LENGTH: '5' }
    expect((await web.request(variables(long), 'hello').response()).status).toBe('413 Payload Too Large')
    const unknown = { REQUEST_METHOD: 'POST' }
    expect((await web.request(variables(unknown), 'hello').response()).status).toBe('413 Payload Too Large')
    expect((await web.request(variables()).response()).body).toBe('/ ')
  })

  test('variables over the limit are 431, and the connection goes on', async () => {
    await using server = echoing(await start([HTTP_MAX_HEADER_SIZE, 256]))
    using web = await client(server)
    web.request(variables({ HTTP_X: 'x'.repeat(200_000) }))
    expect((await web.response()).status).toBe('431 Request Header Fields Too Large')
    expect((await web.request(variables()).response()).body).toBe('/ ')
  })

  test('a request that does not arrive in time is 408', async () => {
    await using server = await start([HTTP_READ_TIMEOUT, 30])
    using web = await client(server)
    web.send(encodeBegin(1, RESPONDER, KEEP_CONN))
    expect((await web.response()).status).toBe('408 Request Timeout')
  })

  test.each([2, 3, 0, 9999])('role %d is unknown', async role => {
    await using server = await start()
    using web = await client(server)
    web.send(encodeBegin(1, role, KEEP_CONN))
    expect(await web.response()).toMatchObject({ protocolStatus: 3 })
  })

  test('a request that begins twice ends the connection', async () => {
    await using server = await start()
    using web = await client(server)
    web.send(encodeBegin(1, RESPONDER, KEEP_CONN), encodeBegin(1, RESPONDER, KEEP_CONN))
    await web.closed()
  })

  test('what is not FastCGI ends the connection', async () => {
    await using server = await start()
    using web = await client(server)
    web.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await web.closed()
    expect(server.socket.logs.map(({ message }) => message).join()).toContain('version 71')
  })

  test('pairs that are cut end the connection', async () => {
    await using server = await start()
    using web = await client(server)
    web.send(
      encodeBegin(1, RESPONDER, KEEP_CONN),
      encodeRecord(PARAMS, 1, Buffer.from([200, 0, 0])),
      encodeEnd(PARAMS, 1),
    )
    await web.closed()
  })

  test('FastCGI of a peer that is not trusted ends the connection, and is logged once', async () => {
    await using server = await start([APACHE_PROXY_ENABLE, { trusted: ['192.0.2.0/24'] }])
    for (let i = 0; i < 3; i++) {
      using web = await client(server)
      web.request(variables())
      await web.closed()
    }
    expect(server.socket.logs.filter(({ level }) => level === 'warn').length).toBe(1)
    expect(server.socket.exchanges.length).toBe(0)
  })

  test('no bytes bring the server down', async () => {
    await using server = echoing(await start())
    const header = fc
      .tuple(
        fc.integer({ min: 0, max: 12 }),
        fc.integer({ min: 0, max: 3 }),
        fc.uint8Array({ maxLength: 40 }),
      )
      .map(([type, id, content]) => encodeRecord(type, id, content))
    const request = fc
      .array(
        fc.tuple(fc.constantFrom('REQUEST_METHOD', 'REQUEST_URI', 'CONTENT_LENGTH', 'HTTP_A'), fc.string()),
      )
      .map(pairs =>
        Buffer.concat([
          encodeBegin(1, RESPONDER, 1),
          encodeRecord(PARAMS, 1, encodePairs(pairs.flat())),
          encodeEnd(PARAMS, 1),
        ]),
      )
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            header,
            request,
            fc.uint8Array().map(b => Buffer.from(b)),
          ),
          { maxLength: 8 },
        ),
        async parts => {
          using web = await client(server)
          web.send(...parts)
          web.socket.end()
          await web.closed()
          using next = await client(server)
          expect((await next.request(variables()).response()).body).toBe('/ ')
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('records of the connection', () => {
  test('GET_VALUES is answered, with what is known', async () => {
    await using server = await start()
    using web = await client(server)
    web.send(encodeRecord(GET_VALUES, 0, encodePairs(['FCGI_MPXS_CONNS', '', 'FCGI_NEW', ''])))
    const { type, id, content } = await web.record()
    expect([type, id, decodePairs(content)]).toEqual([10, 0, ['FCGI_MPXS_CONNS', '1']])
  })

  test('a type that nobody knows is answered with UNKNOWN_TYPE', async () => {
    await using server = await start()
    using web = await client(server)
    web.send(encodeRecord(77, 0, Buffer.from('x')))
    const { type, content } = await web.record()
    expect([type, content[0]]).toEqual([11, 77])
  })

  test('records of requests that nobody knows are ignored', async () => {
    await using server = echoing(await start())
    using web = await client(server)
    web.send(
      encodeRecord(STDIN, 9, Buffer.from('x')),
      encodeEnd(PARAMS, 9),
      encodeRecord(ABORT_REQUEST, 9, Buffer.alloc(0)),
    )
    expect((await web.request(variables()).response()).body).toBe('/ ')
  })
})

describe('ends', () => {
  test('ABORT_REQUEST ends the exchange', async () => {
    await using server = await start()
    using web = await client(server)
    web.request(variables()).request(variables(), '', 2)
    const exchange = await server.socket.exchange(0)
    web.send(encodeRecord(ABORT_REQUEST, 1, Buffer.alloc(0)))
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
    expect(await web.response(1)).toMatchObject({ appStatus: 1, status: undefined })
    ;(await server.socket.exchange(1)).answer(200, null, 'on', 0)
    expect((await web.response(2)).body).toBe('on')
  })

  test('a web server that leaves ends its exchanges', async () => {
    await using server = await start()
    using web = await client(server)
    web.request(variables())
    const exchange = await server.socket.exchange()
    web.socket.destroy()
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a response that fails after its head is no whole response', async () => {
    await using server = await start()
    server.socket.onAccept = exchange => {
      exchange.driver.write!([200, null, true, 2], false)
      exchange.driver.write!(Buffer.from('half'), false)
      setImmediate(() => exchange.driver.close!({ abort: true }))
    }
    using web = await client(server)
    web.request(variables())
    const records = await web.closed()
    expect(records[0]!.type).toBe(STDOUT)
    expect(records.some(({ type, content }) => type === 3 && content.readUInt32BE() === 0)).toBe(false)
  })

  test('a listener that is closed answers what has begun, and ends the connections', async () => {
    await using server = await start()
    using web = await client(server)
    using idle = await client(server)
    idle.request(variables())
    ;(await server.socket.exchange(0)).answer(200, null, 'first', 0)
    expect((await idle.response()).body).toBe('first')
    web.request(variables())
    const exchange = await server.socket.exchange(1)
    await Promise.all([server.driver.close!({}), idle.closed()])
    exchange.answer(200, null, 'late', 0)
    expect((await web.response()).body).toBe('late')
    await web.closed()
  })
})
