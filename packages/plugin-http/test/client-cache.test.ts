import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { TLS_CA } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import {
  CACHE_ENABLE,
  CACHE_EXCLUDE_PATTERNS,
  CACHE_MAX_SIZE,
  CACHE_METHODS,
  CACHE_STATISTICS,
  CACHE_STORE,
  CACHE_TTL,
  HTTP_BODY_STREAM,
  HTTP_CACHE_TYPE,
} from '../src/index.ts'
import { stillTime } from './support/cache-rig.ts'
import { bodyOf, clientKernel, clientOf, origin } from './support/client.ts'
import { ISOLATIONS } from './support/kernel.ts'

type Fields = Record<string, string>

/** An origin that counts what it is asked, and answers as it is told. */
async function counting(answers: Fields = { 'cache-control': 'max-age=60' }) {
  const asked: string[] = []
  const rig = {
    asked,
    answers,
    status: 200,
    body: (count: number) => `answer ${count}`,
  }
  const server = await origin((request, response) => {
    asked.push(`${request.method} ${request.url}${request.headers['if-none-match'] ? ' again' : ''}`)
    void bodyOf(request).then(() => {
      const isGood = request.headers['if-none-match'] !== undefined
      response.writeHead(isGood ? 304 : rig.status, rig.answers)
      response.end(isGood ? undefined : rig.body(asked.length))
    })
  })
  return Object.assign(server, rig, { set: (fields: Fields) => (rig.answers = fields), rig })
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('what is fresh is not asked for again', async () => {
    await using server = await counting()
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
    const first = await kernel.request(fd, '/a')
    const second = await kernel.request(fd, '/a')
    expect([first.from_cache, first.age]).toEqual([false, undefined])
    expect(second.from_cache).toBe(true)
    // Dates are of whole seconds.
    expect(second.age).toBeLessThan(30)
    expect([await first.text(), await second.text()]).toEqual(['answer 1', 'answer 1'])
    expect(second.headers['cache-control']).toBe('max-age=60')
    const other = await kernel.request(fd, '/b')
    expect([other.from_cache, server.asked.length]).toEqual([false, 2])
  })

  test('a stored body comes as a stream too', async () => {
    await using server = await counting()
    server.rig.body = () => 'x'.repeat(600_000)
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url, [
      [CACHE_ENABLE, true],
      [HTTP_BODY_STREAM, true],
    ])
    for (const fromCache of [false, true]) {
      const response = await kernel.request(fd, '/')
      expect([(await response.bytes()).length, response.from_cache]).toEqual([600_000, fromCache])
    }
  })

  test('a write to it makes what is stored invalid', async () => {
    await using server = await counting()
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
    await kernel.request(fd, '/a')
    server.set({})
    await kernel.request(fd, { method: 'PUT', url: '/a', body: 'new' })
    expect((await kernel.request(fd, '/a')).from_cache).toBe(false)
    expect(server.asked).toEqual(['GET /a', 'PUT /a', 'GET /a'])
  })
})

test('over HTTP/2 too, with all header fields', async () => {
  using authority = new Authority()
  const { certificate, privateKey } = authority.issue('localhost')
  let asked = 0
  const server = createSecureServer({ cert: certificate, key: privateKey }, (_request, response) => {
    asked++
    response.writeHead(200, { 'cache-control': 'max-age=60', 'x-several': ['a', 'b'] }).end('hello')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, `https://127.0.0.1:${(server.address() as AddressInfo).port}`, [
    [CACHE_ENABLE, true],
    [TLS_CA, authority.certificate],
  ])
  for (const fromCache of [false, true]) {
    const response = await kernel.request(fd, '/')
    expect([response.from_cache, response.headers['x-several'], await response.text()]).toEqual([
      fromCache,
      'a, b',
      'hello',
    ])
  }
  expect(asked).toBe(1)
  await kernel.close(fd)
  server.close()
})

test('without the option nothing is stored', async () => {
  await using server = await counting()
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  for (let i = 0; i < 2; i++) expect((await kernel.request(fd, '/')).from_cache).toBe(false)
  expect(server.asked.length).toBe(2)
})

test('what is stale is asked about', async () => {
  using time = stillTime()
  await using server = await counting({ 'cache-control': 'max-age=10', etag: '"a"' })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
  await kernel.request(fd, '/')
  time.pass(11)
  const again = await kernel.request(fd, '/')
  expect([again.status, again.from_cache, await again.text()]).toEqual([200, true, 'answer 1'])
  expect(server.asked).toEqual(['GET /', 'GET / again'])
})

test('CACHE_TTL is how long a response is fresh that does not say', async () => {
  using time = stillTime()
  await using server = await counting({})
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [
    [CACHE_ENABLE, true],
    [CACHE_TTL, 20],
  ])
  const seen: boolean[] = []
  for (const seconds of [0, 19, 2]) {
    time.pass(seconds)
    seen.push((await kernel.request(fd, '/')).from_cache)
  }
  expect(seen).toEqual([false, true, false])
})

test('CACHE_MAX_SIZE bounds what is stored', async () => {
  await using server = await counting()
  server.rig.body = () => 'x'.repeat(700)
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [
    [CACHE_ENABLE, true],
    [CACHE_MAX_SIZE, 1024],
  ])
  for (const path of ['/a', '/b', '/b', '/a']) await kernel.request(fd, path)
  expect(server.asked).toEqual(['GET /a', 'GET /b', 'GET /a'])
  server.rig.body = () => 'x'.repeat(2000)
  for (let i = 0; i < 2; i++) expect((await kernel.request(fd, '/large')).from_cache).toBe(false)
})

test('CACHE_METHODS says which are stored', async () => {
  await using server = await counting()
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [
    [CACHE_ENABLE, true],
    [CACHE_METHODS, ['GET']],
  ])
  const seen: boolean[] = []
  for (const method of ['HEAD', 'HEAD', 'GET', 'GET'])
    seen.push((await kernel.request(fd, { method, url: '/' })).from_cache)
  expect(seen).toEqual([false, false, false, true])
})

describe('what is for one user is for no other', () => {
  const users = ['ann', 'bob', 'bob']
  test.each([
    ['cookies', 'Cookie', {}],
    ['cookies, though the server says it is fresh', 'Cookie', { 'cache-control': 'max-age=60' }],
    ['tokens', 'Authorization', { 'cache-control': 'max-age=60' }],
  ])('%s', async (_what, name, answers) => {
    await using server = await counting(answers as Fields)
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
    for (const user of users) {
      const response = await kernel.request(fd, { url: '/', headers: { [name]: user } })
      expect(response.from_cache).toBe(false)
    }
  })

  test('and what is for nobody is for no user, unless it says that it is for everybody', async () => {
    await using server = await counting()
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
    const ask = async (url: string, headers = {}) => (await kernel.request(fd, { url, headers })).from_cache
    const ann = { Authorization: 'Bearer ann' }
    expect([await ask('/me'), await ask('/me', ann), await ask('/me')]).toEqual([false, false, true])
    server.set({ 'cache-control': 'public, max-age=60' })
    expect([await ask('/all'), await ask('/all', ann)]).toEqual([false, true])
    expect([await ask('/also', ann), await ask('/also')]).toEqual([false, true])
  })

  test('private responses, and those that set cookies, are stored where there is one user', async () => {
    await using server = await counting({ 'cache-control': 'private, max-age=60', 'set-cookie': 'a=b' })
    await using kernel = await clientKernel()
    for (const [type, fromCache] of [
      ['shared', false],
      ['private', true],
    ] as const) {
      const fd = await clientOf(kernel, server.url, [
        [CACHE_ENABLE, true],
        [HTTP_CACHE_TYPE, type],
      ])
      await kernel.request(fd, { url: '/', headers: { Cookie: 'x' } })
      const again = await kernel.request(fd, { url: '/', headers: { Cookie: 'x' } })
      expect([type, again.from_cache]).toEqual([type, fromCache])
    }
  })

  test('fields that Vary names tell responses apart', async () => {
    await using server = await counting({ 'cache-control': 'max-age=60', vary: 'x-tenant' })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
    const seen: boolean[] = []
    for (const tenant of ['a', 'b', 'a', 'b'])
      seen.push((await kernel.request(fd, { url: '/', headers: { 'X-Tenant': tenant } })).from_cache)
    expect(seen).toEqual([false, false, true, true])
  })
})

test.each([
  ['Range', 'bytes=0-1'],
  ['Accept-Encoding', 'identity'],
])('a request with %s gets what it asks for, not what others got', async (name, value) => {
  await using server = await counting()
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
  await kernel.request(fd, '/')
  expect((await kernel.request(fd, { url: '/', headers: { [name]: value } })).from_cache).toBe(false)
  expect((await kernel.request(fd, '/')).from_cache).toBe(true)
})

test('no-store is not stored, and only-if-cached not asked for', async () => {
  await using server = await counting({ 'cache-control': 'no-store' })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
  for (let i = 0; i < 2; i++) expect((await kernel.request(fd, '/')).from_cache).toBe(false)
  const missed = await kernel.request(fd, { url: '/', headers: { 'Cache-Control': 'only-if-cached' } })
  expect([missed.status, missed.from_cache, server.asked.length]).toEqual([504, false, 2])
})

test('a response that breaks off is not stored', async () => {
  let count = 0
  await using server = await origin((_request, response) => {
    count++
    response.writeHead(200, { 'cache-control': 'max-age=60', 'content-length': '10' })
    response.write('12345', () => response.destroy())
  })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [[CACHE_ENABLE, true]])
  for (let i = 0; i < 2; i++)
    await expect(kernel.request(fd, { url: '/', timeout: 5000 })).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
  expect(count).toBeGreaterThanOrEqual(2)
})

test.each([
  ['CACHE_EXCLUDE_PATTERNS', CACHE_EXCLUDE_PATTERNS, ['/a']],
  ['CACHE_STATISTICS', CACHE_STATISTICS, {}],
  ['CACHE_STORE', CACHE_STORE, 'memory'],
])('%s is not an option of clients, and the error names those that are', async (_name, option, value) => {
  await using server = await counting()
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  await expect(kernel.setOption(fd as any, option as any, value as any)).rejects.toMatchObject({
    code: 'ENOPROTOOPT',
    message: expect.stringMatching(
      /CACHE_ENABLE \(200\), CACHE_TTL \(201\), CACHE_MAX_SIZE \(202\), CACHE_METHODS/,
    ),
  })
})

test('POST is for servers', async () => {
  await using server = await counting()
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  await expect(kernel.setOption(fd, CACHE_METHODS, ['GET', 'POST'])).rejects.toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining('POST is for servers'),
  })
})
