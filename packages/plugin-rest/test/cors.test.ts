import { CACHE_ENABLE, HTTP_HEADERS } from '@unisock/plugin-http/core'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type CorsConfig,
  REST_ADD_ROUTE,
  REST_CORS_CONFIG,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_RATE_LIMIT,
  reply,
} from '../src/index.ts'
import { compileOrigins } from '../src/middleware/origins.ts'
import { TestKernel, type TestServer } from './support/server.ts'

const APP = 'https://app.example.org'

describe('origins', () => {
  test.each([
    ['https://app.example.org', APP, true],
    ['https://app.example.org', 'http://app.example.org', false],
    ['https://app.example.org', 'https://app.example.org:8443', false],
    ['https://*.example.org', APP, true],
    ['https://*.example.org', 'https://a.b.example.org', true],
    ['https://*.example.org', 'https://example.org', false],
    ['https://*.example.org', 'https://evilexample.org', false],
    ['https://*.example.org', 'https://app.example.org.evil.org', false],
    ['https://*.example.org', 'https://evil.org/.example.org', false],
    ['https://*.example.org', 'https://evil.org:.example.org', false],
    ['https://*.example.org', 'https://appXexample.org', false],
    ['https://*.example.org', 'https://app.example.org:8443', false],
    ['http://localhost:*', 'http://localhost', true],
    ['http://localhost:*', 'http://localhost:5173', true],
    ['http://localhost:*', 'http://localhost:5173.evil.org', false],
    ['http://[::1]:*', 'http://[::1]:80', true],
    ['web+app://*.a', 'web+app://b.a', true],
    ['web+app://*.a', 'webbapp://b.a', false],
    ['*', 'null', true],
    ['https://*.example.org', 'null', false],
    ['null', 'null', true],
  ])('%s allows %s: %s', (pattern, origin, allowed) => {
    expect(compileOrigins([pattern])(origin)).toBe(allowed)
    expect(compileOrigins(pattern)(origin)).toBe(allowed)
  })

  test('a pattern matches nothing but a subdomain of its own, whatever the origin', () => {
    const allows = compileOrigins('https://*.example.org')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), junk => {
        const origin = `https://${junk}.example.org`
        if (!allows(origin)) return
        expect(new URL(origin).origin).toBe(origin)
        expect(new URL(origin).hostname.endsWith('.example.org')).toBe(true)
      }),
    )
  })
})

describe('pages of other origins', () => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start('inline')
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  const serve = (
    config: CorsConfig | false,
    more: (set: (option: any, value: any) => void) => void = () => {},
  ) =>
    unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_CORS_CONFIG, config)
      const add = (method: string, pattern: string, own: object = {}) =>
        void kernel.setOption(api, REST_ADD_ROUTE, {
          method,
          pattern,
          handler: () => 'it',
          ...own,
        } as never)
      add('GET', '/x')
      add('PUT', '/x')
      add('GET', '/shut', { cors: false })
      add('GET', '/open', { cors: { origins: '*', exposed: ['X-Total'] } })
      more((option, value) => void kernel.setOption(api, option, value))
    })
  const from = (origin: string, headers: Record<string, string> = {}) => ({ headers: { origin, ...headers } })
  const preflight = (
    server: TestServer,
    path: string,
    method: string,
    headers: Record<string, string> = {},
  ) =>
    server.fetch(path, {
      method: 'OPTIONS',
      headers: { origin: APP, 'access-control-request-method': method, ...headers },
    })
  const fields = ({ headers }: { headers: Headers }) =>
    Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))

  test('may read what is allowed to them, and others may not', async () => {
    await using server = await serve({ origins: [APP], exposed: ['X-Total', 'X-Page'] })
    const allowed = await server.fetch('/x', from(APP))
    expect(fields(allowed)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-expose-headers': 'X-Total, X-Page',
      vary: 'Origin',
    })
    expect(allowed.body).toBe('it')
    for (const init of [from('https://evil.org'), from('null'), {}])
      expect(fields(await server.fetch('/x', init))).toEqual({ vary: 'Origin' })
  })

  test('of everywhere get an answer that is the same for all', async () => {
    await using server = await serve({ origins: '*' })
    for (const init of [from(APP), {}])
      expect(fields(await server.fetch('/x', init))).toEqual({ 'access-control-allow-origin': '*' })
  })

  test('of a pattern that stands alone are those that match it', async () => {
    await using server = await serve({ origins: 'https://*.example.org', credentials: true })
    expect(fields(await server.fetch('/x', from(APP)))).toMatchObject({ 'access-control-allow-origin': APP })
    expect(fields(await server.fetch('/x', from('https://evil.org')))).toEqual({ vary: 'Origin' })
  })

  test('send credentials to origins that are named, never to all', async () => {
    await using server = await serve({ origins: ['https://*.example.org'], credentials: true })
    expect(fields(await server.fetch('/x', from(APP)))).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    const all = unit.kernel.setOption(server.api, REST_CORS_CONFIG, {
      origins: [APP, '*'],
      credentials: true,
    })
    await expect(all).rejects.toMatchObject({ code: 'EINVAL' })
    expect(fields(await server.fetch('/x', from('https://evil.org')))).toEqual({ vary: 'Origin' })
  })

  test('ask first, and are told of the methods of the path and the headers they want', async () => {
    await using server = await serve({ origins: APP, maxAge: 600 })
    const answer = await preflight(server, '/x', 'PUT', {
      'access-control-request-headers': 'content-type,x-mine',
    })
    expect([answer.status, answer.body]).toEqual([204, ''])
    expect(fields(answer)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, HEAD, PUT',
      'access-control-allow-headers': 'content-type,x-mine',
      'access-control-max-age': '600',
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    })
    const listed = await unit.kernel.setOption(server.api, REST_CORS_CONFIG, {
      origins: APP,
      methods: ['GET'],
      headers: ['X-Own'],
    })
    expect(listed).toBeUndefined()
    expect(fields(await preflight(server, '/x', 'PUT'))).toMatchObject({
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'X-Own',
    })
  })

  test('that ask for headers which are none are told of none', async () => {
    await using server = await serve({ origins: APP })
    const answer = await preflight(server, '/x', 'GET', { 'access-control-request-headers': 'a b; c' })
    expect(fields(answer)['access-control-allow-headers']).toBeUndefined()
  })

  test('of an origin that may not are told nothing by a preflight', async () => {
    await using server = await serve({ origins: APP })
    const answer = await preflight(server, '/x', 'PUT', { origin: 'https://evil.org' })
    expect(answer.status).toBe(204)
    expect(Object.keys(fields(answer))).toEqual(['vary'])
  })

  test('get by the rules of the route, and of the router where there is none', async () => {
    await using server = await serve({ origins: APP })
    expect(fields(await server.fetch('/shut', from(APP)))).toEqual({})
    expect((await preflight(server, '/shut', 'GET')).status).toBe(405)
    expect(fields(await server.fetch('/open', from('https://evil.org')))).toEqual({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': 'X-Total',
    })
    const nowhere = await preflight(server, '/nowhere', 'DELETE')
    expect([nowhere.status, fields(nowhere)['access-control-allow-methods']]).toEqual([204, 'DELETE'])
  })

  test('an OPTIONS that asks for nothing goes its way', async () => {
    await using server = await serve({ origins: APP })
    const answer = await server.fetch('/x', { method: 'OPTIONS', headers: { origin: APP } })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT'])
  })

  test('can read errors: without a route, without a token, over a limit', async () => {
    await using server = await serve({ origins: APP }, set => {
      set(REST_JWT_SECRET, 'a secret that is as long as RFC 7518 asks for')
      set(REST_RATE_LIMIT, { max: 3, window: 60 })
    })
    const statuses: number[] = []
    for (const path of ['/nowhere', '/x', '/%ff', '/x', '/x']) {
      const answer = await server.fetch(path, from(APP))
      statuses.push(answer.status)
      expect([path, fields(answer)['access-control-allow-origin']]).toEqual([path, APP])
    }
    expect(statuses).toEqual([404, 401, 400, 401, 429])
    expect((await preflight(server, '/x', 'GET')).status).toBe(204)
  })

  test("are told apart by caches: fields follow the request, not what is stored, and the program's Vary stays", async () => {
    let asked = 0
    await using server = await serve({ origins: ['https://a.org', 'https://b.org'] }, set => {
      set(CACHE_ENABLE, true)
      set(HTTP_HEADERS, { vary: 'Accept-Language' })
      set(REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/cached',
        handler: () => {
          asked++
          return reply({ headers: { 'cache-control': 'max-age=60' }, body: 'it' })
        },
      })
    })
    for (const origin of ['https://a.org', 'https://b.org']) {
      const answer = await server.fetch('/cached', from(origin))
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
      expect(answer.headers.get('vary')).toContain('Origin')
      expect(answer.headers.get('vary')).toContain('Accept-Language')
    }
    expect(
      fields(await server.fetch('/cached', from('https://evil.org')))['access-control-allow-origin'],
    ).toBe(undefined)
    expect(asked).toBe(1)
  })

  test('may call everything with the name cors alone', async () => {
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_MIDDLEWARE, ['cors'])
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/x', handler: () => 'it' })
    })
    expect(fields(await server.fetch('/x', from(APP)))).toEqual({ 'access-control-allow-origin': '*' })
  })

  test('are turned away again when the option says false', async () => {
    await using server = await serve({ origins: APP })
    await unit.kernel.setOption(server.api, REST_CORS_CONFIG, false)
    expect(fields(await server.fetch('/x', from(APP)))).toEqual({})
  })

  test.each([
    'https://app.example.org/',
    'app.example.org',
    'https://*',
    'https://a*.org',
    'HTTPS://A.org',
    '',
  ])('%j is no origin', async origin => {
    await using server = await serve(false)
    await expect(
      unit.kernel.setOption(server.api, REST_CORS_CONFIG, { origins: origin }),
    ).rejects.toMatchObject({ code: 'EINVAL' })
  })
})
