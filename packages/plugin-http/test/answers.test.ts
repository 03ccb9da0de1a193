import { once } from 'node:events'
import { Readable, Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { brotliDecompressSync, createGunzip, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { chooseCoding } from '../src/core/answer/accept-encoding.ts'
import { outcomeOf } from '../src/core/answer/conditions.ts'
import { contentRange, MAX_RANGES, rangesOf } from '../src/core/answer/ranges.ts'
import {
  APACHE_FASTCGI_ENABLE,
  CACHE_COMPRESSION,
  CACHE_ENABLE,
  HTTP_COMPRESSION,
  HTTP_ETAG,
  HTTP_HEADERS,
  HTTP_RANGES,
  HTTP2_ENABLE,
  type HttpRequest,
  type HttpWrite,
  sse,
} from '../src/index.ts'
import { FastCgiClient, variables } from './support/fastcgi-client.ts'
import { H2Client } from './support/h2.ts'
import { open, plain } from './support/http-client.ts'
import { httpKernel, ISOLATIONS, serving } from './support/kernel.ts'
import { RawClient } from './support/raw-client.ts'
import { get, TestServer } from './support/server.ts'

const TEXT = 'the quick brown fox jumps over the lazy dog\n'.repeat(100)
const DECODERS = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}

/** A server that answers each path with what is under it. */
async function answering(
  answers: Record<string, (request: HttpRequest) => HttpWrite>,
  options: readonly (readonly [any, unknown])[] = [],
  isolation: (typeof ISOLATIONS)[number] = 'inline',
) {
  const kernel = await httpKernel(isolation)
  const asked: string[] = []
  const { url, server } = await serving(
    kernel,
    {
      message(fd, request) {
        asked.push(request.path)
        kernel.write(fd, answers[request.path]!(request))
      },
    },
    options,
  )
  return { kernel, url, server, asked, [Symbol.asyncDispose]: () => kernel.close() }
}

const json = (body: string, headers = {}) => ({
  headers: { 'Content-Type': 'application/json', ...headers },
  body,
})

describe('Accept-Encoding', () => {
  test.each<[string | undefined, string | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip, br', 'br'],
    ['GZIP;Q=0.9, br;q=0.8', 'gzip'],
    ['gzip;q=0', undefined],
    ['*', 'br'],
    ['*;q=0.5, br;q=0', 'gzip'],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.2, gzip;q=0.5', 'gzip'],
    ['gzip;q=2', undefined],
    ['gzip;q=nothing', undefined],
  ])('%s: %s', (accepted, coding) => {
    expect(chooseCoding(accepted, ['br', 'gzip'])).toBe(coding)
  })
})

test('any Accept-Encoding leads to a coding of ours that it names, or to none', () => {
  const item = fc.tuple(
    fc.constantFrom('br', 'gzip', '*', 'identity', 'x'),
    fc.constantFrom('', ';q=0', ';q=0.5', ';q='),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(item).map(items => items.map(each => each.join('')).join()),
      ),
      accepted => {
        const coding = chooseCoding(accepted, ['br', 'gzip'])
        if (coding !== undefined) expect(accepted.includes(coding) || accepted.includes('*')).toBe(true)
      },
    ),
  )
})

describe('compression', () => {
  test.each(Object.keys(DECODERS) as (keyof typeof DECODERS)[])(
    'a whole answer in %s is what was sent',
    async coding => {
      await using rig = await answering({ '/': () => json(TEXT, { ETag: '"a"' }) }, [
        [HTTP_COMPRESSION, true],
      ])
      const { headers, body } = await plain(rig.url, { headers: { 'Accept-Encoding': coding } })
      expect(headers).toMatchObject({
        'content-encoding': coding,
        vary: 'Accept-Encoding',
        etag: 'W/"a"',
        'content-length': String(body.length),
      })
      expect(body.length).toBeLessThan(TEXT.length / 5)
      expect(DECODERS[coding](body).toString()).toBe(TEXT)
    },
  )

  test('what a client does not take, what is small, coded, no text or not to be changed is sent as it is', async () => {
    await using rig = await answering(
      {
        '/': () => TEXT,
        '/small': () => 'small',
        '/image': () => ({ headers: { 'Content-Type': 'image/png' }, body: TEXT }),
        '/coded': () => ({ headers: { 'Content-Encoding': 'x-own' }, body: TEXT }),
        '/fixed': () => ({ headers: { 'Cache-Control': 'max-age=5, no-transform' }, body: TEXT }),
        '/random': () => ({
          headers: { 'Content-Type': 'text/plain' },
          body: crypto.getRandomValues(new Uint8Array(5000)),
        }),
      },
      [[HTTP_COMPRESSION, true]],
    )
    const plainly = await plain(rig.url)
    expect(plainly.body.toString()).toBe(TEXT)
    expect(plainly.headers.vary).toBe('Accept-Encoding')
    for (const path of ['/small', '/image', '/fixed', '/random'])
      expect(
        (await plain(rig.url + path, { headers: { 'Accept-Encoding': 'gzip' } })).headers['content-encoding'],
      ).toBeUndefined()
    const coded = await plain(`${rig.url}/coded`, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(coded.headers['content-encoding']).toBe('x-own')
    expect(coded.headers.vary).toBeUndefined()
  })

  test('threshold, encodings and level are the option’s, and change while it listens', async () => {
    await using rig = await answering({ '/': () => 'a'.repeat(100) }, [
      [HTTP_COMPRESSION, { threshold: 10, encodings: ['deflate'], level: 1 }],
    ])
    const ask = () => plain(rig.url, { headers: { 'Accept-Encoding': 'gzip, deflate' } })
    expect((await ask()).headers['content-encoding']).toBe('deflate')
    await rig.kernel.setOption(rig.server, HTTP_COMPRESSION, { threshold: 1000 })
    expect((await ask()).headers['content-encoding']).toBeUndefined()
    await rig.kernel.setOption(rig.server, HTTP_COMPRESSION, { threshold: 0, encodings: ['gzip'] })
    expect((await ask()).headers['content-encoding']).toBe('gzip')
    await rig.kernel.setOption(rig.server, HTTP_COMPRESSION, false)
    expect((await ask()).headers.vary).toBeUndefined()
    const level = rig.kernel.setOption(rig.server, HTTP_COMPRESSION, { level: 20 })
    await expect(level).rejects.toMatchObject({ code: 'EINVAL' })
  })

  test('a Vary of the program or of the listener stays', async () => {
    await using rig = await answering(
      { '/': () => TEXT, '/own': () => ({ headers: { Vary: 'Accept-Encoding, X' }, body: TEXT }) },
      [
        [HTTP_COMPRESSION, true],
        [HTTP_HEADERS, { Vary: 'Origin' }],
      ],
    )
    expect((await plain(rig.url)).headers.vary).toBe('Origin, Accept-Encoding')
    expect((await plain(`${rig.url}/own`)).headers.vary).toBe('Accept-Encoding, X')
  })

  test('a 304 has the tag and the Vary of the answer that the client knows', async () => {
    await using rig = await answering({ '/': () => json(TEXT, { ETag: '"a"' }) }, [[HTTP_COMPRESSION, true]])
    const known = { 'Accept-Encoding': 'gzip', 'If-None-Match': 'W/"a"' }
    const { status, headers } = await plain(rig.url, { headers: known })
    expect(status).toBe(304)
    expect(headers).toMatchObject({ etag: 'W/"a"', vary: 'Accept-Encoding' })
    expect(headers['content-encoding']).toBeUndefined()
    expect((await plain(rig.url, { headers: { 'If-None-Match': '"a"' } })).headers.etag).toBe('"a"')
  })

  test('a HEAD has the fields of its GET, and no body', async () => {
    await using rig = await answering({ '/': () => TEXT }, [[HTTP_COMPRESSION, true]])
    const options = { headers: { 'Accept-Encoding': 'gzip' } }
    const { headers } = await plain(rig.url, options)
    const head = await plain(rig.url, { ...options, method: 'HEAD' })
    expect(head.body).toHaveLength(0)
    expect(head.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': headers['content-length'],
    })
  })

  test('answers without a body stay so', async () => {
    await using rig = await answering({ '/': () => ({ status: 204 }), '/n': () => ({ status: 304 }) }, [
      [HTTP_COMPRESSION, { threshold: 0 }],
      [HTTP_ETAG, true],
    ])
    for (const [path, status] of [
      ['/', 204],
      ['/n', 304],
    ] as const) {
      const answer = await plain(rig.url + path, { headers: { 'Accept-Encoding': 'gzip' } })
      expect(answer.status).toBe(status)
      expect(answer.headers['content-encoding']).toBeUndefined()
      expect(answer.headers.etag).toBeUndefined()
    }
  })

  test('answers keep their order where they are pipelined', async () => {
    await using rig = await answering({ '/big': () => TEXT.repeat(200), '/small': () => 'small' }, [
      [HTTP_COMPRESSION, true],
    ])
    using client = await RawClient.connect(Number(new URL(rig.url).port))
    client.send(get('/big', 'Accept-Encoding: gzip\r\n') + get('/small', 'Accept-Encoding: gzip\r\n'))
    expect((await client.response()).headers['content-encoding']).toBe('gzip')
    expect((await client.response()).body).toBe('small')
  })

  test('the worker’s own answers go the same way', async () => {
    await using rig = await answering({}, [[HTTP_COMPRESSION, { threshold: 10 }]])
    using client = await RawClient.connect(Number(new URL(rig.url).port))
    client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nAccept-Encoding: gzip\r\n\r\n')
    expect(await client.response()).toMatchObject({ status: 400, headers: { vary: 'Accept-Encoding' } })
  })

  test('a hit of the cache is coded once, whoever coded it', async () => {
    await using rig = await answering({ '/': () => json(TEXT) }, [
      [HTTP_COMPRESSION, { encodings: ['gzip'] }],
      [CACHE_ENABLE, true],
      [CACHE_COMPRESSION, { encodings: ['br'] }],
    ])
    const ask = (coding: string) => plain(rig.url, { headers: { 'Accept-Encoding': coding } })
    expect(gunzipSync((await ask('gzip')).body).toString()).toBe(TEXT)
    const hit = await ask('gzip')
    expect(hit.headers['cache-status']).toContain('hit')
    expect(hit.headers.vary).toBe('Accept-Encoding')
    expect(gunzipSync(hit.body).toString()).toBe(TEXT)
    expect((await plain(rig.url)).body.toString()).toBe(TEXT)
    await vi.waitUntil(async () => (await ask('br')).headers['content-encoding'] === 'br')
    expect(brotliDecompressSync((await ask('br')).body).toString()).toBe(TEXT)
    expect(rig.asked).toHaveLength(1)
  })

  test('over FastCGI', async () => {
    await using server = await TestServer.start([
      [APACHE_FASTCGI_ENABLE, true],
      [HTTP_COMPRESSION, true],
    ] as any)
    server.socket.onAccept = exchange => exchange.answer(200, null, TEXT, 0)
    using client = await FastCgiClient.connect(server.address)
    const { headers, body } = await client.request(variables({ HTTP_ACCEPT_ENCODING: 'gzip' })).response()
    expect(headers).toContainEqual(['content-encoding', 'gzip'])
    expect(gunzipSync(Buffer.from(body, 'latin1')).toString()).toBe(TEXT)
  })
})

describe.each(ISOLATIONS)('streams over %s', isolation => {
  test('a compressed stream is what was sent, larger than any buffer, with its trailers', async () => {
    const chunks = Array.from({ length: 400 }, (_, i) => Buffer.alloc(20_000, String(i)))
    await using rig = await answering(
      {
        '/': () => ({
          headers: { 'Content-Type': 'text/plain' },
          body: Readable.from(chunks),
          trailers: () => ({ 'X-Sum': 'ok' }),
        }),
      },
      [[HTTP_COMPRESSION, true]],
      isolation,
    )
    const response = await open(rig.url, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(response.headers['content-length']).toBeUndefined()
    const decoded = response.pipe(createGunzip())
    let size = 0
    for await (const chunk of decoded) size += chunk.length
    expect(size).toBe(400 * 20_000)
    expect(response.trailers['x-sum']).toBe('ok')
  })

  test.each(['gzip', 'br', 'zstd'])('each chunk leaves when it comes, in %s', async coding => {
    const taken = Promise.withResolvers<void>()
    async function* events() {
      yield 'data: 1\n\n'
      await taken.promise
      yield 'data: 2\n\n'
    }
    await using rig = await answering(
      { '/': () => ({ headers: { 'Content-Type': 'text/event-stream' }, body: events() }) },
      [[HTTP_COMPRESSION, true]],
      isolation,
    )
    const response = await fetch(rig.url, { headers: { 'Accept-Encoding': coding } })
    expect(response.headers.get('content-encoding')).toBe(coding)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toBe('data: 1\n\n')
    taken.resolve()
    expect((await reader.read()).value).toBe('data: 2\n\n')
    expect((await reader.read()).done).toBe(true)
  })

  test('a client that leaves a compressed stream destroys what it was made of', async () => {
    const source = new Readable({ read() {} })
    source.push('x'.repeat(5000))
    await using rig = await answering(
      { '/': () => ({ headers: { 'Content-Type': 'text/plain' }, body: source }) },
      [[HTTP_COMPRESSION, true]],
      isolation,
    )
    const response = await open(rig.url, { headers: { 'Accept-Encoding': 'gzip' } })
    await once(response, 'data')
    const closed = once(source, 'close')
    response.destroy()
    await closed
  })

  test('a client that does not read a compressed stream holds up its source', async () => {
    let produced = 0
    async function* endless() {
      for (;;) {
        produced++
        yield crypto.getRandomValues(new Uint8Array(60_000))
      }
    }
    await using rig = await answering(
      { '/': () => ({ headers: { 'Content-Type': 'text/plain' }, body: endless() }) },
      [[HTTP_COMPRESSION, true]],
      isolation,
    )
    const response = await open(rig.url, { headers: { 'Accept-Encoding': 'gzip' } })
    await once(response, 'readable')
    let before = -1
    await vi.waitUntil(
      () => {
        const still = produced === before
        before = produced
        return still
      },
      { interval: 250, timeout: 20_000 },
    )
    expect(produced * 60_000).toBeLessThan(64 * 2 ** 20)
    response.destroy()
  })

  test('a stream that a conditional request has already is a 304, and is destroyed', async () => {
    const source = Readable.from(['a', 'b'])
    await using rig = await answering(
      { '/': () => ({ headers: { ETag: '"1"' }, body: source }), '/after': () => 'after' },
      [],
      isolation,
    )
    const closed = once(source, 'close')
    const answer = await plain(rig.url, { headers: { 'If-None-Match': 'W/"1"' } })
    expect(answer.status).toBe(304)
    expect(answer.headers.etag).toBe('"1"')
    await closed
    expect((await plain(`${rig.url}/after`)).body.toString()).toBe('after')
  })
})

test('a cache is filled with a stream of which its client needs nothing', async () => {
  let asked = 0
  await using rig = await answering(
    {
      '/': () => ({
        headers: { ETag: '"1"', 'Cache-Control': 'max-age=60' },
        body: Readable.from([`answer ${++asked}`]),
      }),
    },
    [[CACHE_ENABLE, true]],
  )
  const known = await plain(rig.url, { headers: { 'If-None-Match': '"1"' } })
  expect(known.status).toBe(304)
  await vi.waitUntil(async () => (await plain(rig.url)).headers['cache-status'] === 'unisock; hit')
  expect((await plain(rig.url)).body.toString()).toMatch(/^answer \d$/)
})

test('a client that leaves while its answer is compressed leaves nothing behind', async () => {
  await using rig = await answering({ '/': () => TEXT.repeat(2000), '/after': () => 'after' }, [
    [HTTP_COMPRESSION, { level: 9, encodings: ['br'] }],
  ])
  for (let i = 0; i < 10; i++) {
    using client = await RawClient.connect(Number(new URL(rig.url).port))
    client.send(get('/', 'Accept-Encoding: br\r\n'))
    const count = i + 1
    await vi.waitUntil(() => rig.asked.length === count, { interval: 1 })
  }
  expect((await plain(`${rig.url}/after`)).body.toString()).toBe('after')
  expect(rig.kernel.lines.filter(line => line.level === 'error')).toEqual([])
})

describe('validators', () => {
  test.each(['weak', 'strong'] as const)(
    'a %s tag is made of the body, and answers the next request',
    async strength => {
      await using rig = await answering(
        { '/': () => ({ body: { a: 1 } }), '/own': () => json('{}', { ETag: '"own"' }) },
        [[HTTP_ETAG, strength]],
      )
      const { headers } = await plain(rig.url)
      expect(headers.etag).toMatch(strength === 'weak' ? /^W\/"[\w-]{27}"$/ : /^"[\w-]{27}"$/)
      expect((await plain(rig.url, { method: 'HEAD' })).headers.etag).toBe(headers.etag)
      const again = await plain(rig.url, { headers: { 'If-None-Match': headers.etag! } })
      expect(again).toMatchObject({ status: 304, headers: { etag: headers.etag } })
      expect(again.headers['content-type']).toBeUndefined()
      expect((await plain(rig.url, { headers: { 'If-None-Match': '"other"' } })).status).toBe(200)
      expect((await plain(`${rig.url}/own`)).headers.etag).toBe('"own"')
    },
  )

  test('only 200s to GET and HEAD have one', async () => {
    await using rig = await answering({ '/': () => ({ status: 404, body: 'none' }), '/p': () => 'done' }, [
      [HTTP_ETAG, true],
    ])
    expect((await plain(rig.url)).headers.etag).toBeUndefined()
    expect((await plain(`${rig.url}/p`, { method: 'POST' })).headers.etag).toBeUndefined()
  })

  const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT'
  const EARLIER = 'Sun, 06 Nov 1994 08:49:36 GMT'
  test.each<[string, Record<string, string>, number]>([
    ['If-None-Match of it', { 'If-None-Match': '"x", W/"1"' }, 304],
    ['If-None-Match: *', { 'If-None-Match': '*' }, 304],
    [
      'If-None-Match of another, though the date fits',
      { 'If-None-Match': '"2"', 'If-Modified-Since': DATE },
      200,
    ],
    ['If-Modified-Since', { 'If-Modified-Since': DATE }, 304],
    ['If-Modified-Since before', { 'If-Modified-Since': EARLIER }, 200],
    ['If-Modified-Since that is no date', { 'If-Modified-Since': 'yesterday' }, 200],
    ['If-Match of it', { 'If-Match': '"1"' }, 200],
    ['If-Match of its weak form', { 'If-Match': 'W/"1"' }, 412],
    ['If-Match of another', { 'If-Match': '"2"' }, 412],
    ['If-Match: *', { 'If-Match': '*' }, 200],
    ['If-Unmodified-Since', { 'If-Unmodified-Since': DATE }, 200],
    ['If-Unmodified-Since before', { 'If-Unmodified-Since': EARLIER }, 412],
    ['If-Match goes before If-Unmodified-Since', { 'If-Match': '"1"', 'If-Unmodified-Since': EARLIER }, 200],
    ['If-Match goes before If-None-Match', { 'If-Match': '"2"', 'If-None-Match': '"1"' }, 412],
  ])('%s', async (_title, headers, status) => {
    await using rig = await answering({ '/': () => json('{"a":1}', { ETag: '"1"', 'Last-Modified': DATE }) })
    const answer = await plain(rig.url, { headers })
    expect(answer.status).toBe(status)
    if (status === 412) expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 412 })
    if (status === 200) expect(answer.body.toString()).toBe('{"a":1}')
  })

  test('conditions of methods that change something are the program’s', async () => {
    await using rig = await answering({ '/': () => json('{}', { ETag: '"1"' }) })
    const options = { method: 'PUT', headers: { 'If-Match': '"2"' } }
    expect((await plain(rig.url, options)).status).toBe(200)
  })

  test('conditions never throw, and without validators nothing is found unmodified by a tag', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (match, since) => {
        const headers = { 'if-none-match': match, 'if-modified-since': since }
        const outcome = outcomeOf(headers, { etag: undefined, lastModified: undefined })
        expect(outcome).toBe(match.trim() === '*' ? 'not modified' : 'met')
      }),
    )
  })
})

describe('ranges', () => {
  const BODY = '0123456789'
  const ranged = () =>
    answering({
      '/': () => ({ headers: { 'Accept-Ranges': 'bytes', ETag: '"1"' }, body: BODY }),
      '/weak': () => ({ headers: { 'Accept-Ranges': 'bytes', ETag: 'W/"1"' }, body: Buffer.from(BODY) }),
      '/none': () => BODY,
    })

  test.each<[string, number, string, string | undefined]>([
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['Bytes=8-', 206, '89', 'bytes 8-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, BODY, 'bytes 0-9/10'],
    ['bytes=5-99', 206, '56789', 'bytes 5-9/10'],
    ['bytes=4-2', 200, BODY, undefined],
    ['bytes=a-b', 200, BODY, undefined],
    ['bytes=-', 200, BODY, undefined],
    ['lines=1-2', 200, BODY, undefined],
  ])('%s', async (range, status, body, field) => {
    await using rig = await ranged()
    const answer = await plain(rig.url, { headers: { Range: range } })
    expect(answer.status).toBe(status)
    expect(answer.body.toString()).toBe(body)
    expect(answer.headers['content-range']).toBe(field)
  })

  test.each([
    ['that the body has not', 'bytes=10-'],
    ['of nothing', 'bytes=-0'],
    [
      'that are too many',
      `bytes=${Array.from({ length: MAX_RANGES + 1 }, (_, i) => `${i % 10}-${i % 10}`).join()}`,
    ],
    ['that overlap again and again', 'bytes=0-,0-,0-,0-'],
  ])('ranges %s are a 416', async (_title, range) => {
    await using rig = await ranged()
    const answer = await plain(rig.url, { headers: { Range: range } })
    expect(answer.status).toBe(416)
    expect(answer.headers['content-range']).toBe('bytes */10')
    expect(JSON.parse(answer.body.toString())).toMatchObject({ status: 416 })
  })

  test('several are a multipart that a browser’s FormData can read', async () => {
    await using rig = await ranged()
    const { status, headers, body } = await plain(rig.url, { headers: { Range: 'bytes=0-1, 5-6,-1' } })
    expect(status).toBe(206)
    const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(headers['content-type']!)![1]!
    const part = (bytes: string, range: string) =>
      `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: ${range}\r\n\r\n${bytes}\r\n`
    expect(body.toString()).toBe(
      `${part('01', 'bytes 0-1/10')}${part('56', 'bytes 5-6/10')}${part('9', 'bytes 9-9/10')}--${boundary}--\r\n`,
    )
  })

  test('If-Range needs the same strong tag; without Accept-Ranges, or of a HEAD, no part is sent', async () => {
    await using rig = await ranged()
    const status = async (path: string, ifRange?: string, method = 'GET') =>
      (
        await plain(rig.url + path, {
          method,
          headers: { Range: 'bytes=0-1', ...(ifRange && { 'If-Range': ifRange }) },
        })
      ).status
    expect(await status('/', '"1"')).toBe(206)
    expect(await status('/', '"2"')).toBe(200)
    expect(await status('/weak', 'W/"1"')).toBe(200)
    expect(await status('/weak')).toBe(206)
    expect(await status('/none')).toBe(200)
    expect(await status('/', undefined, 'HEAD')).toBe(200)
  })

  test('HTTP_RANGES cuts parts out of every whole answer, and of none that is compressed', async () => {
    await using rig = await answering(
      { '/': () => TEXT, '/no': () => json(TEXT, { 'Accept-Ranges': 'none' }) },
      [
        [HTTP_RANGES, true],
        [HTTP_COMPRESSION, true],
        [HTTP_ETAG, 'strong'],
      ],
    )
    const coded = await plain(rig.url, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(coded.headers['accept-ranges']).toBeUndefined()
    const { headers } = await plain(rig.url)
    expect(headers['accept-ranges']).toBe('bytes')
    const part = await plain(rig.url, {
      headers: { 'Accept-Encoding': 'gzip', Range: 'bytes=4-8', 'If-Range': headers.etag! },
    })
    expect(part).toMatchObject({ status: 206, body: Buffer.from('quick') })
    expect((await plain(`${rig.url}/no`, { headers: { Range: 'bytes=0-1' } })).status).toBe(200)
  })

  test('the parts of any Range are of the body, at most as many as are allowed', () => {
    const spec = fc.oneof(
      fc.tuple(fc.nat(30), fc.nat(30)).map(([a, b]) => `${a}-${b}`),
      fc.nat(30).map(a => `${a}-`),
      fc.nat(30).map(a => `-${a}`),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 40 }), fc.nat(20), (specs, size) => {
        const ranges = rangesOf(`bytes=${specs.join()}`, size)
        if (!ranges) return
        expect(ranges.length).toBeLessThanOrEqual(MAX_RANGES)
        for (const [from, to] of ranges) {
          expect(from).toBeGreaterThanOrEqual(0)
          expect(from).toBeLessThan(to)
          expect(to).toBeLessThanOrEqual(size)
          expect(contentRange([from, to], size)).toBe(`bytes ${from}-${to - 1}/${size}`)
        }
      }),
    )
  })
})

test('over HTTP/2 it is all the same', async () => {
  const chunks = Array.from({ length: 100 }, (_, i) => Buffer.alloc(20_000, String(i)))
  const left = new Readable({ objectMode: true, read() {} })
  const returned = once(left, 'close')
  await using rig = await answering(
    {
      '/': () => json(TEXT, { ETag: '"1"' }),
      '/stream': () => ({ headers: { 'Content-Type': 'text/plain' }, body: Readable.from(chunks) }),
      '/known': () => ({ headers: { ETag: '"1"' }, body: Readable.from(['never']) }),
      '/events': () => sse(left as AsyncIterable<string>, { ping: 10 }),
    },
    [
      [HTTP2_ENABLE, true],
      [HTTP_COMPRESSION, { encodings: ['gzip'] }],
      [HTTP_RANGES, true],
    ],
  )
  using client = await H2Client.connect(Number(new URL(rig.url).port))
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const stream = client.request({ ':path': path, ...headers })
    const [[fields], body] = await Promise.all([once(stream, 'response'), buffer(stream)])
    return { fields, body }
  }
  const gzip = { 'accept-encoding': 'gzip' }
  const whole = await ask('/', gzip)
  expect(whole.fields).toMatchObject({ ':status': 200, 'content-encoding': 'gzip', etag: 'W/"1"' })
  expect(gunzipSync(whole.body).toString()).toBe(TEXT)
  expect(gunzipSync((await ask('/stream', gzip)).body)).toHaveLength(100 * 20_000)
  expect((await ask('/', { 'if-none-match': '"1"' })).fields[':status']).toBe(304)
  expect((await ask('/known', { 'if-none-match': '"1"' })).fields[':status']).toBe(304)
  const part = await ask('/', { range: 'bytes=4-8' })
  expect(part.fields).toMatchObject({ ':status': 206, 'content-range': `bytes 4-8/${TEXT.length}` })
  expect(part.body.toString()).toBe('quick')

  const events = client.request({ ':path': '/events', ...gzip })
  // It is cut off below.
  const unpacked = createGunzip().on('error', () => {})
  const [first] = await once(events.pipe(unpacked), 'data')
  expect(first.toString()).toMatch(/^(:\n\n)+$/)
  events.close()
  await returned
})

describe('filters', () => {
  test('what a filter throws or rejects with is a 500, and is logged once', async () => {
    for (const whole of [
      () => {
        throw new Error('no')
      },
      () => Promise.reject(new Error('no')),
    ]) {
      await using server = await TestServer.start()
      server.socket.onAccept = exchange => {
        const { response } = exchange.driver as any
        response.filters = [{ whole }]
        exchange.answer(200, null, 'secret', 0)
      }
      using client = await server.connect()
      client.send(get())
      const { status, body } = await client.response()
      expect(status).toBe(500)
      expect(body).not.toContain('secret')
      expect(server.socket.logs.filter(line => line.level === 'error')).toHaveLength(1)
    }
  })

  test('they run in their order, those that take time are waited for', async () => {
    await using server = await TestServer.start()
    const add = (text: string, wait = false) => ({
      async whole(answer: any) {
        if (wait) await new Promise(resolve => setImmediate(resolve))
        answer.body += text
      },
    })
    server.socket.onAccept = exchange => {
      const { response } = exchange.driver as any
      response.filters = [
        add('1', true),
        { whole: (answer: any) => void (answer.body += '2') },
        add('3'),
        { whole: (answer: any) => void (answer.status = 203) },
      ]
      exchange.answer(200, null, '0', 0)
    }
    using client = await server.connect()
    client.send(get())
    expect(await client.response()).toMatchObject({ status: 203, body: '0123' })
  })
})

describe('filters of streams', () => {
  const upper = () => ({
    whole() {},
    streamed: () =>
      new Transform({ transform: (chunk, _encoding, done) => done(null, String(chunk).toUpperCase()) }),
  })
  const failing = () => ({
    whole() {},
    streamed: () => new Transform({ transform: (_chunk, _encoding, done) => done(new Error('no')) }),
  })
  const nothing = () => ({ whole() {} })

  async function streaming(filters: readonly object[]) {
    const server = await TestServer.start()
    server.socket.onAccept = exchange => {
      ;(exchange.driver as any).response.filters = filters
      exchange.driver.write!([200, ['Content-Length', '6'], true, 0], false)
      exchange.driver.write!('abc', false)
      exchange.driver.write!('def', false)
      exchange.driver.write!([['X-T', '1']], true)
    }
    return server
  }

  test('a body goes through all that want it, in their order', async () => {
    const twice = {
      whole() {},
      streamed: () =>
        new Transform({ transform: (chunk, _encoding, done) => done(null, `${chunk}${chunk}`) }),
    }
    await using server = await streaming([upper(), nothing(), twice])
    using client = await server.connect()
    client.send(get())
    const { headers, body } = await client.response()
    expect(headers['content-length']).toBeUndefined()
    expect(body).toBe('ABCABCDEFDEF')
    expect(client.trailers).toBe('X-T: 1\r\n')
    client.send(get())
    expect((await client.response()).status).toBe(200)
  })

  test('where one fails the answer is cut off, and it is logged once', async () => {
    await using server = await streaming([upper(), failing()])
    using client = await server.connect()
    client.send(get())
    const { text } = await client.ended()
    expect(text).not.toContain('0\r\n\r\n')
    expect(server.socket.logs.filter(line => line.level === 'error')).toHaveLength(1)
  })

  test('a HEAD needs none of them', async () => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => {
      ;(exchange.driver as any).response.filters = [upper()]
      exchange.driver.write!([200, null, true, 0], true)
    }
    using client = await server.connect()
    client.send('HEAD / HTTP/1.1\r\nHost: a\r\n\r\n')
    expect((await client.response('HEAD')).status).toBe(200)
  })
})

describe('header injection', () => {
  const BAD = ['a\r\nX-Evil: 1', 'a\nb', 'a\rb', 'a\0b', 'ā']
  test.each(BAD)('a reply with %j in a value, a name or a trailer is refused', async text => {
    await using kernel = await httpKernel('inline')
    const errors: unknown[] = []
    const { url } = await serving(kernel, {
      message(fd, request) {
        const field = { value: { 'X-A': text }, name: { [text]: 'x' } }[request.query]
        const reply = field ? { headers: field } : { body: 'x', trailers: { 'X-T': text } }
        for (const attempt of [reply]) {
          try {
            kernel.write(fd, attempt)
          } catch (error) {
            errors.push(error)
            kernel.write(fd, { status: 500 })
          }
        }
      },
      error(_fd, error) {
        errors.push(error)
      },
    })
    for (const query of ['value', 'name']) {
      const answer = await plain(`${url}/?${query}`)
      expect(answer.status).toBe(500)
      expect(answer.headers['x-evil']).toBeUndefined()
    }
    // The head has left before the trailers are looked at: the answer is cut off.
    await expect(plain(`${url}/?trailer`)).rejects.toThrow()
    expect(errors).toHaveLength(3)
    for (const error of errors) expect(error).toMatchObject({ code: 'EINVAL' })
  })

  test.each(BAD)('HTTP_HEADERS with %j is refused', async text => {
    await using kernel = await httpKernel('inline')
    const { server, url } = await serving(kernel, { message: fd => void kernel.write(fd, 'x') })
    const set = kernel.setOption(server, HTTP_HEADERS, { 'X-A': text })
    await expect(set).rejects.toMatchObject({ code: 'EINVAL' })
    expect((await plain(url)).headers['x-a']).toBeUndefined()
  })

  test.each(['a\r\nX-Evil: 1', 'a\nb', 'a\0b'])('a field %j of the worker’s own is a 500', async text => {
    await using server = await TestServer.start()
    server.socket.onAccept = exchange => {
      ;(exchange.driver as any).response.add('X-A', text)
      exchange.answer(200, null, 'x', 0)
    }
    using client = await server.connect()
    client.send(get())
    const { status, head } = await client.response()
    expect(status).toBe(500)
    expect(head).not.toContain('Evil')
  })
})
