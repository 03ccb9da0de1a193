import { once } from 'node:events'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Directives } from '../src/core/cache/directives.ts'
import { matchesGlob } from '../src/core/cache/glob.ts'
import { parseHttpDate } from '../src/core/cache/http-date.ts'
import { compileKey } from '../src/core/cache/key-pattern.ts'
import {
  APACHE_AUTH_PASSTHROUGH,
  APACHE_FASTCGI_ENABLE,
  CACHE_COMPRESSION,
  CACHE_ENABLE,
  CACHE_EXCLUDE_PATTERNS,
  CACHE_HEADERS,
  CACHE_INVALIDATE_PATTERN,
  CACHE_KEY_PATTERN,
  CACHE_MAX_SIZE,
  CACHE_METHODS,
  CACHE_STALE_WHILE_REVALIDATE,
  CACHE_TTL,
  HTTP_HEADERS,
  HTTP_TIMEOUT,
} from '../src/core/index.ts'
import { CacheRig, type Fields, stillTime } from './support/cache-rig.ts'
import { FastCgiClient, variables } from './support/fastcgi-client.ts'
import { until } from './support/kernel.ts'
import type { RawClient } from './support/raw-client.ts'
import { get, TestServer } from './support/server.ts'

const FRESH: Fields = [['Cache-Control', 'max-age=60']]

async function started(...options: (readonly [option: number, value: unknown])[]): Promise<CacheRig> {
  const rig = await CacheRig.start(options)
  rig.answer = { headers: FRESH }
  return rig
}

describe('a hit', () => {
  test('is answered without the program, for GET and HEAD', async () => {
    await using rig = await started()
    const first = await rig.get()
    const second = await rig.get()
    expect(second.body).toBe(first.body)
    expect(second.headers['cache-status']).toBe('unisock; hit')
    expect(first.headers['cache-status']).toBe('unisock; fwd=miss; stored')
    const head = await rig.send('HEAD', '/')
    expect(head.headers).toMatchObject({ 'content-length': '8', 'cache-status': 'unisock; hit' })
    expect(rig.asked).toHaveLength(1)
  })

  test('needs CACHE_ENABLE, and is none any more when that is taken back', async () => {
    await using rig = await started([CACHE_ENABLE, false])
    await rig.get()
    await rig.get()
    await rig.server.set(CACHE_ENABLE, true)
    await rig.get()
    await rig.get()
    expect(rig.asked).toHaveLength(3)
    await rig.server.set(CACHE_ENABLE, false)
    await rig.get()
    expect(rig.asked).toHaveLength(4)
    expect(rig.statistics()).toMatchObject({ entries: 0, bytes: 0 })
  })

  test('has the tag of its bytes where the program gave no validator', async () => {
    await using rig = await started()
    const { headers } = await rig.get()
    expect(headers.etag).toMatch(/^"[\w-]{27}"$/)
    expect((await rig.get('/', [['If-None-Match', headers.etag!]])).status).toBe(304)
    expect(rig.asked).toHaveLength(1)
  })

  test('goes by the fields of HTTP_HEADERS too', async () => {
    await using rig = await started([HTTP_HEADERS, { 'Cache-Control': 'no-store', 'X-By': 'a' }])
    rig.answer = {}
    expect((await rig.get()).headers['x-by']).toBe('a')
    await rig.get()
    expect(rig.asked).toHaveLength(2)
  })

  test('among pipelined requests leaves in its turn', async () => {
    await using rig = await started()
    await rig.get('/stored')
    rig.answer = { headers: [['Cache-Control', 'no-store']], body: 'asked' }
    using client = await rig.server.connect()
    client.send(get('/a') + get('/stored') + get('/b') + get('/stored'))
    const bodies: string[] = []
    for (let i = 0; i < 4; i++) bodies.push((await client.response()).body)
    expect(bodies).toEqual(['asked', 'answer 1', 'asked', 'answer 1'])
  })

  test('of a part that is not there is a 416, and a part of another version is sent whole', async () => {
    await using rig = await started()
    rig.answer = { headers: [...FRESH, ['ETag', '"1"']], body: '0123456789' }
    await rig.get()
    const past = await rig.get('/', [['Range', 'bytes=10-']])
    expect([past.status, past.headers['content-range'], past.body]).toEqual([416, 'bytes */10', ''])
    const range = (tag: string) =>
      rig.get('/', [
        ['Range', 'bytes=2-4'],
        ['If-Range', tag],
      ])
    expect(await range('"1"')).toMatchObject({ status: 206, body: '234' })
    expect(await range('"2"')).toMatchObject({ status: 200, body: '0123456789' })
    const several = await rig.get('/', [['Range', 'bytes=0-1,3-4']])
    expect(several.status).toBe(206)
    expect(several.body).toMatch(/bytes 0-1\/10\r\n\r\n01\r\n.*bytes 3-4\/10\r\n\r\n34\r\n--/s)
    expect(rig.asked).toHaveLength(1)
  })

  test('is counted', async () => {
    await using rig = await started([CACHE_EXCLUDE_PATTERNS, ['/live/*']])
    await rig.get()
    for (let i = 0; i < 3; i++) await rig.get()
    await rig.get('/live/a')
    await rig.send('DELETE', '/')
    expect(rig.statistics()).toEqual({
      hits: 3,
      misses: 1,
      stale: 0,
      collapsed: 0,
      revalidations: 0,
      bypasses: 1,
      stores: 1,
      evictions: 0,
      invalidations: 1,
      entries: 0,
      bytes: 0,
      hit_rate: 0.75,
    })
  })
})

describe('the key', () => {
  test('is the host and the target as they are sent', async () => {
    await using rig = await started()
    for (const path of ['/a', '/a?', '/a?x=1', '/a?x=2', '/A', 'http://b/a']) await rig.get(path)
    await rig.get('/a', [['Host', 'b']])
    expect(rig.asked).toHaveLength(7)
    await rig.get('/a', [['Host', 'B']])
    expect(rig.asked).toHaveLength(7)
  })

  test('follows CACHE_KEY_PATTERN', async () => {
    await using rig = await started([CACHE_KEY_PATTERN, '{host}{path}?{query.id}'])
    await rig.get('/a?id=1&utm=2')
    await rig.get('/a?utm=3&id=1')
    expect(rig.asked).toHaveLength(1)
    await rig.get('/a?id=2')
    await rig.get('/a')
    expect(rig.asked).toHaveLength(3)
  })

  test('is refused where its pattern names what there is not', () => {
    expect(() => compileKey('{host}{cookie}')).toThrow('there is no {cookie}')
    const parts = { host: 'a', uri: '/b?c=d&c=e', secure: true }
    expect(compileKey('{method} {scheme} {host} {path} {query} {uri} {query.c} {query.x}')(parts)).toBe(
      'GET https a /b c=d&c=e /b?c=d&c=e ["d","e"] null',
    )
  })

  test('has the fields of CACHE_HEADERS', async () => {
    await using rig = await started([CACHE_HEADERS, ['X-Tenant']])
    await rig.get('/', [['X-Tenant', 'a']])
    await rig.get('/', [['X-Tenant', 'b']])
    await rig.get('/', [['X-Tenant', 'a']])
    await rig.get()
    expect(rig.asked).toHaveLength(3)
  })

  test('leaves out methods that CACHE_METHODS does', async () => {
    await using rig = await started([CACHE_METHODS, ['GET']])
    await rig.get()
    await rig.send('HEAD', '/')
    expect(rig.asked).toHaveLength(2)
  })

  test('leaves out excluded paths however they are spelt', async () => {
    await using rig = await started([CACHE_EXCLUDE_PATTERNS, ['/api/*', '*.cgi']])
    const paths = ['/api/x', '/%61pi/x', '/a/../api/x', '/a/%2e%2e/api/x', '/x.cgi', '/x.cg%69']
    for (const path of paths) {
      await rig.get(path)
      await rig.get(path)
    }
    expect(rig.asked).toHaveLength(2 * paths.length)
    expect((await rig.get('*')).status).toBe(200)
    await rig.get('/apis')
    await rig.get('/apis')
    expect(rig.asked).toHaveLength(2 * paths.length + 2)
  })
})

describe('what must not be shared', () => {
  test.each([
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Prefix',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-HTTP-Method-Override',
    'X-Host',
  ])('what %s may have changed is sent to those alone who send the same', async name => {
    await using rig = await started()
    rig.answer = { headers: FRESH, body: 'poison' }
    await rig.get('/', [[name, 'evil']])
    rig.answer = { headers: FRESH, body: 'good' }
    expect((await rig.get()).body).toBe('good')
    expect((await rig.get('/', [[name, 'evil']])).body).toBe('poison')
    expect((await rig.get()).body).toBe('good')
    expect(rig.asked).toHaveLength(2)
  })

  test('an answer for one origin is sent to that origin alone', async () => {
    await using rig = await started()
    const origin = (value: string): Fields => [['Origin', value]]
    rig.answer = { headers: [...FRESH, ['Access-Control-Allow-Origin', 'https://a']] }
    await rig.get('/', origin('https://a'))
    rig.answer = { headers: [...FRESH, ['Access-Control-Allow-Origin', 'https://b']] }
    expect((await rig.get('/', origin('https://b'))).headers['access-control-allow-origin']).toBe('https://b')
    expect((await rig.get('/', origin('https://a'))).headers['access-control-allow-origin']).toBe('https://a')
    expect(rig.asked).toHaveLength(2)
  })

  test('a host and a target that read like others in a row are not those', async () => {
    await using rig = await started()
    await rig.get('//x/', [['Host', 'ahttp:']])
    await rig.get('http://x/', [['Host', 'a']])
    expect(rig.asked).toHaveLength(2)
  })

  test('a 304 that sets a cookie is for the one whom it was made for', async () => {
    using time = stillTime()
    await using rig = await started()
    rig.answer = {
      headers: [
        ['Cache-Control', 'max-age=1'],
        ['ETag', '"1"'],
      ],
    }
    await rig.get()
    time.pass(5)
    rig.held = []
    const first = rig.get()
    await rig.holding(1)
    const second = rig.get()
    await until(() => rig.statistics().misses === 3)
    rig.release(rig.held[0]!, { status: 304, headers: [...FRESH, ['Set-Cookie', 'id=1']] })
    expect((await first).headers['set-cookie']).toBe('id=1')
    await rig.holding(2)
    rig.release(rig.held[1]!, { headers: FRESH })
    expect((await second).headers['set-cookie']).toBeUndefined()
  })

  test('Forwarded is told apart by host and proto, not by who is forwarded for', async () => {
    await using rig = await started()
    await rig.get('/', [['Forwarded', 'for=1.2.3.4;host=a;proto=https']])
    await rig.get('/', [['Forwarded', 'for=5.6.7.8;host=a;proto=https']])
    expect(rig.asked).toHaveLength(1)
    await rig.get('/', [['Forwarded', 'for=1.2.3.4;host=evil']])
    expect(rig.asked).toHaveLength(2)
  })

  test('a body of a GET, a Host that is none, and conditions that only the program can judge bypass it', async () => {
    await using rig = await started()
    await rig.send('GET', '/', [], 'poison')
    await rig.get('/', [['Host', 'a/b']])
    await rig.get('/', [['If-Match', '"1"']])
    expect(rig.statistics()).toMatchObject({ bypasses: 3, entries: 0 })
  })

  test.each<[string, Fields, Fields]>([
    ['a cookie that is set', [], [...FRESH, ['Set-Cookie', 'id=1']]],
    ['a response to cookies that says nothing', [['Cookie', 'id=1']], []],
    ['a response to a token', [['Authorization', 'Bearer 1']], FRESH],
    ['a private response', [], [['Cache-Control', 'private, max-age=60']]],
    ['an event stream', [], [...FRESH, ['Content-Type', 'text/event-stream']]],
    ['a response that varies by everything', [], [...FRESH, ['Vary', '*']]],
    ['what is asked for with no-store', [['Cache-Control', 'no-store']], FRESH],
  ])('%s is not stored', async (_what, sends, headers) => {
    await using rig = await started()
    rig.answer = { headers }
    await rig.get('/', sends)
    expect(rig.statistics().entries).toBe(0)
  })

  test('who sends a token or a cookie does not get what was not said to be for everybody', async () => {
    await using rig = await started([CACHE_TTL, 60])
    rig.answer = { body: 'anonymous' }
    await rig.get()
    rig.answer = { body: 'personal' }
    expect((await rig.get('/', [['Cookie', 'id=1']])).body).toBe('personal')
    expect((await rig.get('/', [['Authorization', 'Bearer 1']])).body).toBe('personal')
    expect((await rig.get()).body).toBe('anonymous')
  })

  test('with Cookie in CACHE_HEADERS each has its own', async () => {
    await using rig = await started([CACHE_TTL, 60], [CACHE_HEADERS, ['cookie']])
    rig.answer = {}
    for (const id of ['1', '2', '1', '2']) await rig.get('/', [['Cookie', `id=${id}`]])
    expect(rig.asked).toHaveLength(2)
  })
})

describe('room', () => {
  test('what is stored never takes more bytes than CACHE_MAX_SIZE; what is used stays', async () => {
    await using rig = await started([CACHE_MAX_SIZE, 20_000])
    rig.answer = { headers: FRESH, body: 'x'.repeat(1000) }
    await rig.get('/hot')
    for (let i = 0; i < 40; i++) {
      await rig.get(`/${i}`)
      await rig.get('/hot')
      expect(rig.statistics().bytes).toBeLessThanOrEqual(20_000)
    }
    expect(rig.asked.filter(({ uri }) => uri === '/hot')).toHaveLength(1)
    expect(rig.statistics().evictions).toBeGreaterThan(20)
    await rig.server.set(CACHE_MAX_SIZE, 3000)
    expect(rig.statistics().bytes).toBeLessThanOrEqual(3000)
  })

  test('what is larger than all of it is sent and not stored', async () => {
    await using rig = await started([CACHE_MAX_SIZE, 2000])
    rig.answer = { headers: FRESH, body: 'x'.repeat(3000) }
    expect((await rig.get()).body).toHaveLength(3000)
    expect(rig.statistics()).toMatchObject({ entries: 0, bytes: 0 })
  })

  test('a key has 64 variants at most', async () => {
    await using rig = await started()
    rig.answer = { headers: [...FRESH, ['Vary', 'X-A']], body: '' }
    for (let i = 0; i < 80; i++) await rig.get('/', [['X-A', String(i)]])
    expect(rig.statistics().entries).toBe(64)
  })
})

describe('requests for the same at the same time', () => {
  const together = (rig: CacheRig, count: number, path = '/') =>
    Array.from({ length: count }, () => rig.get(path))

  /** Resolves when so many requests have been looked up. */
  const looked = (rig: CacheRig, count: number) => until(() => rig.statistics().misses === count)

  test('are one question', async () => {
    await using rig = await started()
    rig.held = []
    const answers = together(rig, 20)
    await looked(rig, 20)
    expect(rig.held).toHaveLength(1)
    rig.release(rig.held[0]!, { headers: FRESH, body: 'one' })
    expect(new Set((await Promise.all(answers)).map(({ body }) => body))).toEqual(new Set(['one']))
    expect(rig.statistics()).toMatchObject({ misses: 1, collapsed: 19 })
  })

  test('are asked each for itself where the answer is one client’s, and nobody waits the next time', async () => {
    await using rig = await started()
    rig.held = []
    const answers = together(rig, 5)
    await looked(rig, 5)
    rig.release(rig.held[0]!, { headers: [['Cache-Control', 'private']] })
    await rig.holding(5)
    for (const exchange of rig.held.slice(1))
      rig.release(exchange, { headers: [['Cache-Control', 'private']] })
    await Promise.all(answers)
    const more = together(rig, 3)
    await rig.holding(8)
    for (const exchange of rig.held.slice(5)) rig.release(exchange)
    await Promise.all(more)
  })

  test('another asks when the one that has asked leaves', async () => {
    await using rig = await started()
    rig.held = []
    using leaver = await rig.server.connect()
    leaver.send(get('/'))
    await rig.holding(1)
    const answers = together(rig, 3)
    await looked(rig, 4)
    leaver.close()
    await rig.holding(2)
    rig.release(rig.held[1]!, { headers: FRESH, body: 'second' })
    for (const { body } of await Promise.all(answers)) expect(body).toBe('second')
    expect(rig.held).toHaveLength(2)
  })

  test('do not share the fate of a question that nobody answers in time', async () => {
    await using rig = await started([HTTP_TIMEOUT, 100])
    rig.held = []
    const first = rig.get()
    await rig.holding(1)
    const answers = together(rig, 3)
    await looked(rig, 4)
    expect((await first).status).toBe(503)
    await rig.holding(4)
    for (const exchange of rig.held.slice(1)) rig.release(exchange, { headers: FRESH, body: 'late' })
    for (const { status, body } of await Promise.all(answers)) expect([status, body]).toEqual([200, 'late'])
  })

  test('do not wait for a stream, which is stored when it is complete', async () => {
    await using rig = await started()
    rig.held = []
    const first = rig.get()
    await rig.holding(1)
    const second = rig.get()
    await looked(rig, 2)
    const [stream] = rig.held
    stream!.driver.write!([200, ['Cache-Control', 'max-age=60'], true, 2], false)
    await rig.holding(2)
    rig.release(rig.held[1]!, { headers: [['Cache-Control', 'no-store']], body: 'other' })
    expect((await second).body).toBe('other')
    stream!.driver.write!(Buffer.from('stre'), false)
    stream!.ended = true
    stream!.driver.write!('am', true)
    expect((await first).body).toBe('stream')
    expect((await rig.get()).body).toBe('stream')
    expect(rig.held).toHaveLength(2)
  })

  test('a stream that breaks off is not stored', async () => {
    await using rig = await started()
    rig.held = []
    using client = await rig.server.connect()
    client.send(get('/'))
    await rig.holding(1)
    const [stream] = rig.held
    stream!.driver.write!([200, ['Cache-Control', 'max-age=60'], true, 2], false)
    stream!.driver.write!(Buffer.from('half'), false)
    stream!.driver.close!({ abort: true })
    await client.ended()
    expect(rig.statistics()).toMatchObject({ entries: 0, stores: 0 })
  })

  test('an answer from before an invalidation is not stored, and not given to who asks after it', async () => {
    await using rig = await started()
    rig.held = []
    const before = rig.get()
    await rig.holding(1)
    const change = rig.send('PUT', '/', [], 'new')
    await rig.holding(2)
    rig.release(rig.held[1]!, { status: 204 })
    await change
    const after = rig.get()
    await rig.holding(3)
    rig.release(rig.held[0]!, { headers: FRESH, body: 'old' })
    expect((await before).body).toBe('old')
    rig.release(rig.held[2]!, { headers: FRESH, body: 'new' })
    expect((await after).body).toBe('new')
    expect((await rig.get()).body).toBe('new')
  })
})

describe('stale responses', () => {
  test('are sent while they are renewed, once', async () => {
    using time = stillTime()
    await using rig = await started([CACHE_STALE_WHILE_REVALIDATE, 60])
    rig.answer = { headers: [['Cache-Control', 'max-age=1']], body: 'old' }
    await rig.get()
    time.pass(5)
    rig.held = []
    for (let i = 0; i < 5; i++) expect((await rig.get()).body).toBe('old')
    expect(rig.held).toHaveLength(1)
    rig.release(rig.held[0]!, { headers: FRESH, body: 'new' })
    expect((await rig.get()).body).toBe('new')
    expect(rig.held).toHaveLength(1)
    expect(rig.statistics()).toMatchObject({ stale: 5, stores: 2 })
  })

  test('are not sent behind the window, nor where the response forbids it', async () => {
    using time = stillTime()
    await using rig = await started([CACHE_STALE_WHILE_REVALIDATE, 60])
    rig.answer = { headers: [['Cache-Control', 'max-age=1, must-revalidate']] }
    await rig.get('/strict')
    rig.answer = { headers: [['Cache-Control', 'max-age=1']] }
    await rig.get('/late')
    time.pass(5)
    await rig.get('/strict')
    expect(rig.asked).toHaveLength(3)
    time.pass(100)
    await rig.get('/late')
    expect(rig.asked).toHaveLength(4)
    expect(rig.statistics().stale).toBe(0)
  })

  test('stay when the renewal fails, and go when it may not be stored', async () => {
    using time = stillTime()
    await using rig = await started([CACHE_STALE_WHILE_REVALIDATE, 600])
    rig.answer = { headers: [['Cache-Control', 'max-age=1']], body: 'old' }
    await rig.get()
    time.pass(5)
    for (const answer of [
      { status: 500 },
      undefined,
      { headers: [['Cache-Control', 'no-store']] as const },
    ]) {
      rig.answer = answer
      expect((await rig.get()).body).toBe('old')
      await until(() => rig.server.inspect().unanswered === 0)
    }
    await until(() => rig.statistics().entries === 0)
  })

  test('a renewal whose answer has no end is given up', async () => {
    using time = stillTime()
    await using rig = await started([CACHE_STALE_WHILE_REVALIDATE, 600], [CACHE_MAX_SIZE, 5000])
    rig.answer = { headers: [['Cache-Control', 'max-age=1']], body: 'old' }
    await rig.get('/large')
    await rig.get('/events')
    time.pass(5)
    rig.held = []
    await rig.get('/large')
    await rig.get('/events')
    const [large, events] = rig.held
    events!.driver.write!([200, ['Content-Type', 'text/event-stream'], true, 2], false)
    expect(await events!.closed.promise).toMatchObject({ code: 'ECANCELED' })
    large!.driver.write!([200, ['Cache-Control', 'max-age=60'], true, 2], false)
    large!.driver.write!(Buffer.alloc(3000), false)
    expect(large!.ended).toBe(false)
    large!.driver.write!(Buffer.alloc(3000), false)
    expect(await large!.closed.promise).toMatchObject({ code: 'ECANCELED' })
  })

  test('a renewal that the program does not answer ends in HTTP_TIMEOUT, and the next is tried', async () => {
    using time = stillTime()
    await using rig = await started([CACHE_STALE_WHILE_REVALIDATE, 600], [HTTP_TIMEOUT, 50])
    rig.answer = { headers: [['Cache-Control', 'max-age=1']], body: 'old' }
    await rig.get()
    time.pass(5)
    rig.held = []
    await rig.get()
    expect(await rig.held[0]!.closed.promise).toMatchObject({ code: 'ETIMEDOUT' })
    await rig.get()
    expect(rig.held).toHaveLength(2)
  })
})

describe('invalidation', () => {
  test('by a pattern of targets, or of keys', async () => {
    await using rig = await started()
    for (const path of ['/users/1', '/users/2?x', '/posts/1', 'http://a/users/3']) await rig.get(path)
    await rig.server.set(CACHE_INVALIDATE_PATTERN, '/users/*')
    expect(rig.statistics()).toMatchObject({ entries: 1, invalidations: 3 })
    await rig.get('/posts/1', [['Host', 'b']])
    await rig.server.set(CACHE_INVALIDATE_PATTERN, 'GET b /*')
    expect(rig.statistics()).toMatchObject({ entries: 1, invalidations: 4 })
    await rig.server.set(CACHE_INVALIDATE_PATTERN, '*')
    expect(rig.statistics()).toMatchObject({ entries: 0, bytes: 0 })
  })

  test('by an unsafe request reaches all variants, and no other host', async () => {
    await using rig = await started()
    rig.answer = { headers: [...FRESH, ['Vary', 'X-A']] }
    await rig.get('/', [['X-A', '1']])
    await rig.get('/', [['X-A', '2']])
    await rig.get('/x', [['Host', 'b']])
    rig.answer = { status: 201, headers: [['Location', 'http://b/x']] }
    await rig.send('POST', '/', [], 'x')
    expect(rig.statistics()).toMatchObject({ entries: 1, invalidations: 2 })
  })
})

describe('compressed forms', () => {
  const TEXT = 'all work and no play '.repeat(500)

  async function raw(rig: CacheRig, accepted: string): Promise<{ headers: Headers; bytes: Buffer }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ headers: Headers; bytes: Buffer }>()
    const { request } = await import('node:http')
    const outgoing = request({
      port: rig.server.port,
      headers: { host: 'a', 'accept-encoding': accepted },
      agent: false,
    })
    outgoing.on('error', reject).end()
    const [response] = await once(outgoing, 'response')
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    resolve({ headers: new Headers(response.headers), bytes: Buffer.concat(chunks) })
    return promise
  }

  async function coded(rig: CacheRig, accepted: string, coding: string) {
    for (;;) {
      const found = await raw(rig, accepted)
      if (found.headers.get('content-encoding') === coding) return found
      expect(found.bytes.toString()).toBe(TEXT)
    }
  }

  test('are made once in a pool, and sent to who takes them', async () => {
    await using rig = await started([CACHE_COMPRESSION, true])
    rig.answer = { headers: [...FRESH, ['ETag', '"1"']], body: TEXT }
    expect((await rig.get()).headers.vary).toBe('Accept-Encoding')
    const { bytes: before } = rig.statistics()
    const brotli = await coded(rig, 'gzip, br', 'br')
    expect(brotliDecompressSync(brotli.bytes).toString()).toBe(TEXT)
    expect(Object.fromEntries(brotli.headers)).toMatchObject({ etag: 'W/"1"', vary: 'Accept-Encoding' })
    const gzip = await coded(rig, 'gzip, br;q=0', 'gzip')
    expect(gunzipSync(gzip.bytes).toString()).toBe(TEXT)
    expect(rig.statistics().bytes).toBe(before + brotli.bytes.length + gzip.bytes.length)
    expect(
      (
        await rig.get('/', [
          ['If-None-Match', 'W/"1"'],
          ['Accept-Encoding', 'br'],
        ])
      ).status,
    ).toBe(304)
    expect((await rig.get()).body).toBe(TEXT)
    expect(rig.asked).toHaveLength(1)
  })

  test.each<[string, Fields, string]>([
    ['is small', FRESH, 'small'],
    ['forbids it', [['Cache-Control', 'max-age=60, no-transform']], TEXT],
    ['is no text', [...FRESH, ['Content-Type', 'image/png']], TEXT],
    ['is compressed already', [...FRESH, ['Content-Encoding', 'x']], TEXT],
  ])('are not made of what %s', async (_why, headers, body) => {
    await using rig = await started([CACHE_COMPRESSION, { encodings: ['gzip'] }])
    rig.answer = { headers, body }
    await rig.get()
    expect((await rig.get('/', [['Accept-Encoding', 'gzip']])).headers.vary).toBeUndefined()
  })
})

describe('parsing', () => {
  test('a pattern matches as the same expression does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 8 })
    fc.assert(
      fc.property(pattern, text, (glob, subject) => {
        const expression = new RegExp(`^${glob.replaceAll('*', '.*')}$`)
        expect(matchesGlob(glob, subject)).toBe(expression.test(subject))
      }),
    )
  })

  test('a pattern of many stars takes no time to speak of', () => {
    expect(matchesGlob(`${'*a'.repeat(500)}b`, 'a'.repeat(8000))).toBe(false)
  })

  test('any Cache-Control is read, and what is forbidden in it is found', () => {
    const junk = fc.string({ unit: fc.constantFrom('a', '=', '"', ',', ' ', '\\', '1', '-'), maxLength: 30 })
    fc.assert(
      fc.property(junk, value => {
        const directives = new Directives(value)
        expect(directives.seconds('max-age') ?? 0).toBeGreaterThanOrEqual(0)
      }),
    )
    expect(new Directives('a="no-store, b", No-Store').has('no-store')).toBe(true)
    expect(new Directives('a="no-store, b"').has('no-store')).toBe(false)
  })

  test('a date in each of its three forms is the same', () => {
    const time = Date.UTC(1994, 10, 6, 8, 49, 37)
    for (const text of [
      'Sun, 06 Nov 1994 08:49:37 GMT',
      'Sunday, 06-Nov-94 08:49:37 GMT',
      'Sun Nov  6 08:49:37 1994',
    ])
      expect(parseHttpDate(text)).toBe(time)
    expect(parseHttpDate('1994-11-06')).toBeUndefined()
  })
})

describe('behind a web server', () => {
  const FRESH_WIRE = ['Cache-Control', 'max-age=60']

  async function fronted(...options: (readonly [option: number, value: unknown])[]) {
    const server = await TestServer.start([[CACHE_ENABLE, true], [APACHE_FASTCGI_ENABLE, true], ...options])
    let asked = 0
    server.socket.onAccept = exchange => exchange.answer(200, FRESH_WIRE, `answer ${++asked}`, 0)
    return server
  }

  test('FastCGI requests are answered from the cache too, those of a user whom it names are not', async () => {
    await using server = await fronted([APACHE_AUTH_PASSTHROUGH, true])
    using web = await FastCgiClient.connect(server.address)
    const get = (more: Record<string, string> = {}) => web.request(variables(more)).response()
    expect((await get()).body).toBe('answer 1')
    const hit = await get()
    expect([hit.body, hit.headers.find(([name]) => name === 'cache-status')?.[1]]).toEqual([
      'answer 1',
      'unisock; hit',
    ])
    expect((await get({ REMOTE_USER: 'wren' })).body).toBe('answer 2')
    expect((await get({ REMOTE_USER: 'wren' })).body).toBe('answer 3')
    expect((await get()).body).toBe('answer 1')
  })
})

test('a client that leaves while it waits takes nothing with it', async () => {
  await using rig = await started()
  rig.held = []
  const first = rig.get()
  await rig.holding(1)
  using waiter: RawClient = await rig.server.connect()
  waiter.send(get('/'))
  await until(() => rig.statistics().misses === 2)
  waiter.close()
  await until(() => rig.server.inspect().connections === 1)
  rig.release(rig.held[0]!, { headers: FRESH, body: 'one' })
  expect((await first).body).toBe('one')
  expect(rig.held).toHaveLength(1)
})
