import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { HTTP_BODY_STREAM } from '@unisock/plugin-http/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { problem, REST_ADD_ROUTE, REST_OPENAPI_INFO, REST_ROUTER_CONFIG, reply, route } from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

const uuid = '0190163d-8694-739b-aea5-966c26f8ad91'

describe.each(ISOLATIONS)('routing in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  test('path parameters have the types that the pattern gives them', async () => {
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/t/{name}', handler: request => ['text', request.path_params] }),
      route({ method: 'GET', pattern: '/t/{id:int}', handler: request => ['int', request.path_params] }),
      route({ method: 'GET', pattern: '/t/{key:uuid}', handler: request => ['uuid', request.path_params] }),
      route({ method: 'GET', pattern: '/t/{a}/{rest*}', handler: request => ['rest', request.path_params] }),
      route({ method: 'GET', pattern: '/t/me', handler: () => ['literal'] }),
    )
    expect((await server.fetch('/t/5')).body).toEqual(['int', { id: 5 }])
    expect((await server.fetch(`/t/${uuid}`)).body).toEqual(['uuid', { key: uuid }])
    expect((await server.fetch('/t/b%C3%B6b%2Fx')).body).toEqual(['text', { name: 'böb/x' }])
    expect((await server.fetch('/t/1/b/c%20d')).body).toEqual(['rest', { a: '1', rest: 'b/c d' }])
    expect((await server.fetch('/t/me')).body).toEqual(['literal'])
    expect((await server.fetch('/t/')).status).toBe(404)
  })

  test('a typed parameter that does not match is 404', async () => {
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/a/{id:int}', handler: () => 1 }),
      route({ method: 'GET', pattern: '/b/{id:uuid}', handler: () => 1 }),
    )
    for (const path of ['/a/x', '/a/1.5', '/a/-1', '/a/1234567890123456', '/b/1', '/a/1/', '/c'])
      expect(await server.fetch(path)).toMatchObject({
        status: 404,
        body: { title: 'Not Found', status: 404 },
      })
  })

  test('another method is 405 and says which there are', async () => {
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/users/{id:int}', handler: () => 1 }),
      route({ method: 'DELETE', pattern: '/users/{name}', handler: () => 1 }),
    )
    const refused = await server.fetch('/users/5', { method: 'PUT' })
    expect(refused.status).toBe(405)
    expect(refused.headers.get('allow')).toBe('DELETE, GET, HEAD')
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect((await server.fetch('/users/bob', { method: 'OPTIONS' })).headers.get('allow')).toBe('DELETE')
  })

  test('a path that a more specific route cannot take goes to the next that can', async () => {
    const answer = (name: string) => (request: any) => [name, request.path_params]
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/files/{rest*}', handler: answer('rest') }),
      route({ method: 'GET', pattern: '/files/{name}', handler: answer('name') }),
      route({ method: 'POST', pattern: '/files/{name}', handler: answer('post') }),
      route({ method: 'GET', pattern: '/p/{a:int}/{b:uuid}', handler: answer('int, uuid') }),
      route({ method: 'GET', pattern: '/p/{a:uuid}/{b:int}', handler: answer('uuid, int') }),
      route({ method: 'GET', pattern: '/p/{a}/{b}', handler: answer('text') }),
      route({ method: 'GET', pattern: '/p/{rest*}', handler: answer('rest') }),
    )
    expect(await server.fetch('/files/')).toMatchObject({ status: 200, body: ['rest', { rest: '' }] })
    expect((await server.fetch('/files/', { method: 'HEAD' })).status).toBe(200)
    expect((await server.fetch('/files/a%2Fb')).body).toEqual(['name', { name: 'a/b' }])
    expect((await server.fetch('/p/1/2')).body).toEqual(['text', { a: '1', b: '2' }])
    expect((await server.fetch(`/p/1/${uuid}`)).body).toEqual(['int, uuid', { a: 1, b: uuid }])
    expect((await server.fetch('/p//b%20c')).body).toEqual(['rest', { rest: '/b c' }])
    const refused = await server.fetch('/files/', { method: 'POST' })
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  test('a 405 never lists the method that was used', async () => {
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/a@b', handler: () => 1 }),
      route({ method: 'POST', pattern: '/c@d', handler: () => 1 }),
      route({ method: 'GET', pattern: '/{x:int}/{y:uuid}', handler: () => 1 }),
      route({ method: 'GET', pattern: '/{x:uuid}/{y:int}', handler: () => 1 }),
      route({ method: 'PUT', pattern: '/{x:int}/{y:int}', handler: () => 1 }),
      route({ method: 'HEAD', pattern: '/h/{id:int}', handler: () => reply({ status: 204 }) }),
      route({ method: 'GET', pattern: '/h/{key:uuid}', handler: () => 1 }),
    )
    // RFC 3986 section 2.2: a reserved character that is encoded is another path.
    for (const path of ['/a%40b', '/a%40b?x', '/c%40d'])
      for (const method of ['GET', 'HEAD', 'POST'])
        expect((await server.fetch(path, { method })).status).toBe(404)
    const refused = await server.fetch('/1/2')
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'PUT'])
    expect((await server.fetch('/h/1', { method: 'HEAD' })).status).toBe(204)
    expect((await server.fetch(`/h/${uuid}`, { method: 'HEAD' })).status).toBe(200)
  })

  test('a path that is not UTF-8 is 400, and a parameter without end is 414', async () => {
    await using server = await unit.routes(route({ method: 'GET', pattern: '/u/{name}', handler: () => 1 }))
    for (const path of ['/u/%ff', '/u/%', '/%c3%28'])
      expect(await server.fetch(path)).toMatchObject({ status: 400, body: { title: 'Bad Request' } })
    expect((await server.fetch(`/u/${'x'.repeat(2000)}`)).status).toBe(414)
  })

  test('HEAD is answered by the GET of the same path, without a body', async () => {
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/x', handler: request => ({ match: request.route_match }) }),
    )
    const { headers, body } = await server.fetch('/x', { method: 'HEAD' })
    expect(body).toBe('')
    expect(Number(headers.get('content-length'))).toBeGreaterThan(0)
  })

  test.each<[string, () => unknown, string, unknown]>([
    ['a mapping', () => ({ a: [1, null] }), 'application/json; charset=utf-8', { a: [1, null] }],
    ['a list', () => [1, 2], 'application/json; charset=utf-8', [1, 2]],
    ['a number', () => 7, 'application/json; charset=utf-8', 7],
    ['null', () => null, 'application/json; charset=utf-8', null],
    ['a promise', async () => ({ a: 1 }), 'application/json; charset=utf-8', { a: 1 }],
    ['text', () => 'hi', 'text/plain; charset=utf-8', 'hi'],
    ['bytes', () => Buffer.from('hi'), 'application/octet-stream', 'hi'],
    ['a stream', () => Readable.from(['h', 'i']), 'application/octet-stream', 'hi'],
  ])('a handler that returns %s answers with it', async (_what, handler, type, expected) => {
    await using server = await unit.routes({ method: 'GET', pattern: '/x', handler })
    const { status, headers, body } = await server.fetch('/x')
    expect([status, headers.get('content-type'), body]).toEqual([200, type, expected])
  })

  test('a reply says status and headers; a problem becomes its document', async () => {
    await using server = await unit.routes(
      route({
        method: 'POST',
        pattern: '/x',
        handler: () => reply({ status: 201, headers: { location: '/x/1' }, body: { id: 1 } }),
      }),
      route({
        method: 'GET',
        pattern: '/x',
        handler: () => {
          throw problem(409, 'taken', {
            type: 'https://example.org/taken',
            by: 'ann',
            headers: { 'retry-after': '3' },
          })
        },
      }),
    )
    const created = await server.fetch('/x', { method: 'POST' })
    expect([created.status, created.headers.get('location'), created.body]).toEqual([201, '/x/1', { id: 1 }])
    const taken = await server.fetch('/x')
    expect(taken.headers.get('content-type')).toBe('application/problem+json')
    expect(taken.headers.get('retry-after')).toBe('3')
    expect(taken).toMatchObject({
      status: 409,
      body: { type: 'https://example.org/taken', title: 'Conflict', status: 409, detail: 'taken', by: 'ann' },
    })
  })

  test('an error is a 500 that does not say which, and is reported', async () => {
    const errors: Error[] = []
    await using server = await unit.serve(
      (api, kernel) => {
        const boom = () => {
          throw new Error('the secret')
        }
        void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/throws', handler: boom })
        void kernel.setOption(api, REST_ADD_ROUTE, {
          method: 'GET',
          pattern: '/rejects',
          handler: async () => boom(),
        })
        void kernel.setOption(api, REST_ADD_ROUTE, {
          method: 'GET',
          pattern: '/cycle',
          handler: () => ({ n: 1n }),
        })
      },
      undefined,
      error => errors.push(error),
    )
    for (const path of ['/throws', '/rejects', '/cycle']) {
      const { status, body } = await server.fetch(path)
      expect([status, JSON.stringify(body).includes('secret')]).toEqual([500, false])
    }
    expect(errors.map(error => error.message)).toEqual([
      'the secret',
      'the secret',
      expect.stringContaining('BigInt'),
    ])
  })

  test('a handler that returns nothing answers with write, once', async () => {
    const written: boolean[] = []
    await using server = await unit.serve((api, kernel) => {
      const handler = (request: any) => {
        setImmediate(() => {
          written.push(kernel.write(request.fd, { status: 202, body: { a: 1 } }))
          written.push(kernel.write(request.fd, { status: 500 }))
        })
      }
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/later', handler })
    })
    expect(await server.fetch('/later')).toMatchObject({ status: 202, body: { a: 1 } })
    expect(written[1]).toBe(false)
  })

  test('a named handler is called where the router has it, else the callback gets the request', async () => {
    await using server = await unit.serve(
      (api, kernel) => {
        void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/a', handler: 'named' })
        void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/b', handler: 'toString' })
        void kernel.setOption(api, REST_ADD_ROUTE, {
          method: 'GET',
          pattern: '/c/{id}',
          openapi: { operationId: 'getC', summary: 'c' },
        })
        void kernel.setOption(api, REST_ROUTER_CONFIG, { handlers: { named: () => 'by name' } })
      },
      (fd, request) => {
        unit.kernel.write(fd, { body: { match: request.route_match, docs: request.openapi_docs ?? null } })
      },
    )
    expect((await server.fetch('/a')).body).toBe('by name')
    expect((await server.fetch('/b')).body.match).toEqual({
      pattern: '/b',
      method: 'GET',
      handler: 'toString',
    })
    expect((await server.fetch('/c/1')).body).toEqual({
      match: { pattern: '/c/{id}', method: 'GET', operationId: 'getC' },
      docs: { operationId: 'getC', summary: 'c' },
    })
    await unit.kernel.setOption(server.api, REST_ROUTER_CONFIG, {
      handlers: { toString: () => 'named later' },
    })
    expect((await server.fetch('/b')).body).toBe('named later')
    expect((await server.fetch('/a')).body.match.handler).toBe('named')
  })

  test('the base path prefixes every route', async () => {
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_OPENAPI_INFO, { title: 't', version: '1', base_path: '/api/v1/' })
      const handler = (request: any) => [request.path, request.route_match.pattern]
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/users', handler })
    })
    expect((await server.fetch('/api/v1/users')).body).toEqual(['/api/v1/users', '/users'])
    expect((await server.fetch('/users')).status).toBe(404)
    await unit.kernel.setOption(server.api, REST_ROUTER_CONFIG, { base_path: '/v2' })
    expect((await server.fetch('/v2/users')).status).toBe(200)
    const set = unit.kernel.setOption(server.api, REST_ROUTER_CONFIG, { base_path: '/a/../b' })
    await expect(set).rejects.toMatchObject({ code: 'EINVAL' })
    expect((await server.fetch('/v2/users')).status).toBe(200)
  })

  test('a route with stream gets its body as it arrives', async () => {
    await using server = await unit.routes(
      route({
        method: 'PUT',
        pattern: '/files/{name}',
        stream: true,
        handler: async (request: any) => {
          let bytes = 0
          for await (const chunk of request.body) bytes += chunk.length
          return { name: request.path_params.name, bytes }
        },
      }),
    )
    const size = 500_000
    const sent = await server.send('PUT', '/files/a', new Uint8Array(size), 'image/png')
    expect(sent.body).toEqual({ name: 'a', bytes: size })
    expect((await server.send('PUT', '/files/a', new Uint8Array(2 ** 20 + 1), 'image/png')).status).toBe(413)
    expect((await server.fetch('/files/a', { method: 'PUT' })).body).toEqual({ name: 'a', bytes: 0 })
  })

  test('HTTP_BODY_STREAM makes a stream of every body, but where a route says otherwise', async () => {
    const kind = (request: any) => typeof request.body[Symbol.asyncIterator]
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, HTTP_BODY_STREAM, true)
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'POST', pattern: '/a', handler: kind })
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'POST',
        pattern: '/b',
        handler: kind,
        stream: false,
      })
    })
    expect((await server.send('POST', '/a', {})).body).toBe('function')
    expect((await server.send('POST', '/b', {})).body).toBe('undefined')
  })

  test('pipelined requests are answered in their order', async () => {
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/n/{n:int}', handler: async request => request.path_params.n }),
    )
    const socket = connect(server.addr.port, '127.0.0.1')
    const numbers = Array.from({ length: 100 }, (_, n) => n)
    for (const n of numbers)
      socket.write(`GET /n/${n} HTTP/1.1\r\nHost: x\r\n${n === 99 ? 'Connection: close\r\n' : ''}\r\n`)
    const answers = (await text(socket)).matchAll(/\r\n\r\n(\d+)/g)
    expect([...answers].map(([, n]) => Number(n))).toEqual(numbers)
  })

  test.each([
    ['a pattern that cannot be read', { method: 'GET', pattern: '/a/{id' }, 'position 3'],
    [
      'a documented parameter that is not there',
      { method: 'GET', pattern: '/a', openapi: { parameters: [{ name: 'id', in: 'path' }] } },
      '{id}',
    ],
    [
      'a schema that is none',
      { method: 'POST', pattern: '/a', openapi: { body: { type: 'strin' } } },
      'type must be',
    ],
    [
      'a reference to nothing',
      { method: 'POST', pattern: '/a', openapi: { body: { $ref: '#/components/schemas/No' } } },
      'No',
    ],
    ['an unknown method', { method: 'FETCH', pattern: '/a' }, 'method'],
    ['an unknown key', { method: 'GET', pattern: '/a', path: '/a' }, 'path'],
  ])('%s is refused, and the other routes stay', async (_what, bad, reason) => {
    await using server = await unit.routes(route({ method: 'GET', pattern: '/ok', handler: () => 1 }))
    const set = unit.kernel.setOption(server.api, REST_ADD_ROUTE, bad as any)
    await expect(set).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringContaining(reason) })
    expect((await server.fetch('/ok')).body).toBe(1)
    expect((await server.fetch('/a')).status).toBe(404)
  })
})
