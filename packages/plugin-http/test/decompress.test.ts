import { randomBytes } from 'node:crypto'
import {
  brotliCompressSync,
  constants,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { HTTP_BODY_STREAM, HTTP_DECOMPRESS, HTTP_MAX_BODY_SIZE } from '../src/core/index.ts'
import { httpKernel, ISOLATIONS, serving } from './support/kernel.ts'
import { TestServer } from './support/server.ts'

const CODERS = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
} as const

const post = (body: Buffer, coding: string, extra = '') =>
  Buffer.concat([
    Buffer.from(
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\n${extra}\r\n`,
    ),
    body,
  ])

/** A server that answers with the body it got. */
async function echoing(options: readonly (readonly [number, unknown])[]): Promise<TestServer> {
  const server = await TestServer.start(options)
  server.socket.onAccept = exchange => exchange.answer(200, null, exchange.request[4], 2)
  return server
}

const TEXT = Array.from({ length: 20_000 }, (_, i) => i).join(' ')

describe('whole bodies', () => {
  test.each(Object.entries(CODERS))(
    '%s is undone, and none of the fields that told of it is left',
    async (coding, pack) => {
      await using server = await echoing([[HTTP_DECOMPRESS, true]])
      using client = await server.connect()
      const { status, body } = await client
        .send(post(pack(Buffer.from('hello')), coding, 'X-A: 1\r\n'))
        .response()
      expect([status, body]).toEqual([200, 'hello'])
      expect(server.socket.exchanges[0]!.request[3]).toBe('Host\na\nX-A\n1')
      // The connection goes on.
      expect((await client.send(post(pack(Buffer.from('again')), coding)).response()).body).toBe('again')
    },
  )

  test('deflate without its wrapper, and codings on top of each other, are undone', async () => {
    await using server = await echoing([[HTTP_DECOMPRESS, true]])
    using client = await server.connect()
    expect((await client.send(post(deflateRawSync('raw'), 'Deflate')).response()).body).toBe('raw')
    const twice = brotliCompressSync(gzipSync('twice'))
    expect((await client.send(post(twice, 'gzip, identity, br')).response()).body).toBe('twice')
  })

  test('a chunked body is undone, and its trailers are kept', async () => {
    await using server = await echoing([[HTTP_DECOMPRESS, true]])
    using client = await server.connect()
    const packed = gzipSync('hello')
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n')
    for (const byte of packed) client.send(Buffer.from([0x31, 13, 10, byte, 13, 10]))
    expect((await client.send('0\r\nX-T: 1\r\n\r\n').response()).body).toBe('hello')
    expect(server.socket.exchanges[0]!.request[5]).toBe('X-T\n1')
  })

  test.each([
    ['a coding that is not known', true, 'compress', 'gzip, deflate, br, zstd'],
    ['one that is not taken', { codings: ['br'] }, 'gzip', 'br'],
    ['too many', true, 'gzip, gzip, gzip, gzip', 'gzip, deflate, br, zstd'],
  ])('%s is 415, with what would be taken', async (_title, value, coding, accepted) => {
    await using server = await echoing([[HTTP_DECOMPRESS, value]])
    using client = await server.connect()
    const { status, headers } = await client.send(post(gzipSync('x'), coding)).response()
    expect([status, headers['accept-encoding']]).toEqual([415, accepted])
    expect(server.socket.exchanges).toHaveLength(0)
    expect(server.socket.logs).toMatchObject([{ level: 'debug', details: { status: 415 } }])
  })

  test('without the option a body arrives as it was sent', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    const packed = gzipSync('x')
    client.send(post(packed, 'gzip'))
    const { request } = await server.socket.exchange()
    expect(request[4]).toEqual(packed)
    expect(request[3]).toContain('Content-Encoding\ngzip')
  })
})

const BOMBS = {
  gzip: gzipSync,
  br: (data: Buffer) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } }),
  zstd: zstdCompressSync,
}

describe('bad input', () => {
  const noise = randomBytes(1000)
  test.each([
    ['is none', 'gzip', Buffer.from('hello'), 400],
    ['stops', 'gzip', gzipSync(noise).subarray(0, 500), 400],
    ['is damaged', 'gzip', gzipSync(noise).fill(0xff, 200, 300), 400],
    ['stops', 'br', brotliCompressSync(noise).subarray(0, 500), 400],
    ['is another', 'zstd', gzipSync(noise), 400],
    ['is none inside', 'deflate, gzip', gzipSync('hello'), 400],
    ['is over the limit', 'gzip', gzipSync(randomBytes(20_001)), 413],
    ['becomes too large', 'gzip', gzipSync(Buffer.concat([randomBytes(5000), Buffer.alloc(20_000)])), 413],
  ])('a body that %s (%s) is refused, once in the log', async (_title, coding, body, status) => {
    for (const streamed of [false, true]) {
      await using server = await TestServer.start([
        [HTTP_DECOMPRESS, true],
        [HTTP_MAX_BODY_SIZE, 20_000],
        [HTTP_BODY_STREAM, streamed],
      ])
      using client = await server.connect()
      const response = await client.send(post(body, coding)).response()
      expect([response.status, response.headers.connection]).toEqual([status, 'close'])
      await client.ended()
      expect(server.socket.logs).toHaveLength(1)
      for (const exchange of server.socket.exchanges)
        expect(await exchange.closed.promise).toMatchObject({ code: 'EPROTO' })
    }
  })

  test.each(['gzip', 'br', 'zstd'] as const)(
    'a bomb (%s) is 413 long before it has gone off',
    async coding => {
      await using server = await TestServer.start([
        [HTTP_DECOMPRESS, { ratio: 20 }],
        [HTTP_MAX_BODY_SIZE, 2 ** 30],
        [HTTP_BODY_STREAM, true],
      ])
      using client = await server.connect()
      const before = process.memoryUsage().rss
      const bomb = BOMBS[coding](Buffer.alloc(32 * 2 ** 20))
      client.send(post(bomb, coding))
      expect((await client.response()).status).toBe(413)
      const arrived = server.socket.exchanges[0]!.emitted.slice(1).reduce(
        (size: number, chunk) => size + (chunk as Buffer).length,
        0,
      )
      expect(arrived).toBeLessThan(8 * 2 ** 20)
      expect(process.memoryUsage().rss - before).toBeLessThan(160 * 2 ** 20)
    },
  )

  test('a bomb in a bomb holds no more than its pieces', async () => {
    await using server = await TestServer.start([
      [HTTP_DECOMPRESS, true],
      [HTTP_MAX_BODY_SIZE, 2 ** 20],
    ])
    using client = await server.connect()
    const bomb = gzipSync(gzipSync(Buffer.alloc(16 * 2 ** 20)))
    expect((await client.send(post(bomb, 'gzip, gzip')).response()).status).toBe(413)
  })

  /** Deflate's shortest way to say nothing, again and again. */
  const blanks = (count: number) =>
    Buffer.concat([Buffer.from([0x78, 0x9c]), Buffer.alloc(count * 5, Buffer.from([0, 0, 0, 0xff, 0xff]))])

  test('a bomb that comes to nothing in the end is 413 all the same', async () => {
    await using server = await TestServer.start([[HTTP_DECOMPRESS, true]])
    using client = await server.connect()
    const bomb = BOMBS.br(blanks(2 ** 21))
    expect((await client.send(post(bomb, 'deflate, br')).response()).status).toBe(413)
  })

  test('a body of more bytes than the limit is 413, whatever they come to', async () => {
    await using server = await TestServer.start([
      [HTTP_DECOMPRESS, true],
      [HTTP_MAX_BODY_SIZE, 10_000],
    ])
    using client = await server.connect()
    const bytes = blanks(2001)
    const chunk = `${bytes.length.toString(16)}\r\n`
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: deflate\r\nTransfer-Encoding: chunked\r\n\r\n',
    )
    client.send(Buffer.concat([Buffer.from(chunk), bytes, Buffer.from('\r\n')]))
    expect((await client.response()).status).toBe(413)
    expect(server.socket.exchanges).toHaveLength(0)
  })

  test('a client that leaves while its body is unpacked gets no fd', async () => {
    await using server = await TestServer.start([
      [HTTP_DECOMPRESS, { ratio: 2000 }],
      [HTTP_MAX_BODY_SIZE, 2 ** 30],
    ])
    using client = await server.connect()
    const content = Buffer.alloc(64 * 2 ** 20)
    client.send(post(gzipSync(content), 'gzip'))
    while (server.inspect().unanswered === 0) await new Promise(resolve => setImmediate(resolve))
    client.close()
    while (server.inspect().connections > 0) await new Promise(resolve => setImmediate(resolve))
    using other = await server.connect()
    // It waits behind what may be left of the first one.
    other.send(post(gzipSync(content), 'gzip'))
    const exchange = await server.socket.exchange()
    expect(exchange.addr.port).toBe(other.socket.localPort)
    exchange.answer(200, null, 'ok', 0)
    expect((await other.response()).body).toBe('ok')
  })
})

describe('streamed bodies', () => {
  test('are held by a reader that gives no credit', async () => {
    await using server = await TestServer.start([
      [HTTP_DECOMPRESS, true],
      [HTTP_MAX_BODY_SIZE, 2 ** 30],
      [HTTP_BODY_STREAM, true],
    ])
    using client = await server.connect()
    server.socket.onAccept = exchange => {
      exchange.credit = false
    }
    const content = randomBytes(2 ** 20)
    client.send(post(gzipSync(content), 'gzip'))
    const exchange = await server.socket.exchange()
    const chunks = () => exchange.emitted.slice(1) as (Buffer | null)[]
    while (chunks().length === 0) await new Promise(resolve => setImmediate(resolve))
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
    expect(chunks()).toHaveLength(1)
    exchange.credit = true
    exchange.driver.resume!()
    while (chunks().at(-1) !== null) await new Promise(resolve => setImmediate(resolve))
    expect(Buffer.concat(chunks().slice(0, -1) as Buffer[])).toEqual(content)
    exchange.answer(200, null, 'ok', 0)
    expect((await client.response()).body).toBe('ok')
  })

  test.each(ISOLATIONS)('cross unpacked in a %s', async isolation => {
    await using kernel = await httpKernel(isolation)
    const { url } = await serving(
      kernel,
      { message: async (fd, request) => void kernel.write(fd, await request.text()) },
      [
        [HTTP_DECOMPRESS, true],
        [HTTP_BODY_STREAM, true],
      ],
    )
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-encoding': 'br' },
      body: brotliCompressSync(TEXT),
    })
    expect(await response.text()).toBe(TEXT)
  })
})
