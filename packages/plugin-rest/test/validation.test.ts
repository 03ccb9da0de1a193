import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { HTTP_HEADERS, HTTP_MAX_BODY_SIZE } from '@unisock/plugin-http/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_ROUTER_CONFIG,
  REST_VALIDATION_SCHEMA,
  type RestRequest,
  route,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

const user = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 2 },
    age: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
  },
}
const echo = (request: RestRequest<any>) => ({
  body: request.body ?? null,
  path: request.path_params,
  query: request.query_params,
  passed: request.validation_passed,
  results: request.validation_results,
  same: request.schema_validation === request.validation_results,
})

describe.each(ISOLATIONS)('validation in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  test('path, query and headers are coerced, with defaults', async () => {
    await using server = await unit.routes(
      route({
        method: 'GET',
        pattern: '/users/{id}/{flag}',
        handler: echo,
        openapi: {
          parameters: {
            id: { type: 'integer' },
            flag: { type: 'boolean' },
            limit: { type: 'integer', default: 10 },
            tag: { type: 'array', items: { type: 'string' } },
            'X-Level': { in: 'header', type: 'integer', required: true },
          },
        },
      }),
    )
    const good = await server.fetch('/users/5/true?tag=a&other=1%202', { headers: { 'x-level': '3' } })
    expect(good.body).toMatchObject({
      path: { id: 5, flag: true },
      query: { tag: ['a'], limit: 10, other: '1 2' },
      passed: true,
      results: [],
    })
    const bad = await server.fetch('/users/abc/maybe?limit=many')
    expect(bad.status).toBe(400)
    expect(bad.headers.get('content-type')).toBe('application/problem+json')
    expect(bad.body).toMatchObject({ title: 'Bad Request', status: 400 })
    expect(bad.body.errors).toEqual([
      { in: 'path', path: '/id', message: 'must be integer' },
      { in: 'path', path: '/flag', message: 'must be boolean' },
      { in: 'query', path: '/limit', message: 'must be integer' },
      { in: 'headers', path: '/x-level', message: 'is required' },
    ])
  })

  test('a body that fits crosses as it is, one that fits by coercion crosses coerced', async () => {
    await using server = await unit.routes(
      route({ method: 'POST', pattern: '/users', handler: echo, openapi: { body: user } }),
    )
    const big = { name: 'ann', age: 5, tags: Array.from({ length: 20_000 }, (_, i) => `tag ${i} ünï`) }
    expect((await server.send('POST', '/users', big)).body.body).toEqual(big)
    expect((await server.send('POST', '/users', { name: 'ann', age: '5' })).body.body).toEqual({
      name: 'ann',
      age: 5,
    })
    const bad = await server.send('POST', '/users', { name: 'a', age: 'x', role: 1 })
    expect(bad.body.errors).toEqual(
      expect.arrayContaining([
        { in: 'body', path: '/role', message: 'is not known' },
        { in: 'body', path: '/age', message: 'must be integer' },
        { in: 'body', path: '/name', message: 'must NOT have fewer than 2 characters' },
      ]),
    )
    expect((await server.fetch('/users', { method: 'POST' })).body.errors).toEqual([
      { in: 'body', path: '', message: 'a body is required' },
    ])
  })

  test('defaults of a body are filled in', async () => {
    const schema = { type: 'object', properties: { role: { type: 'string', default: 'player' } } }
    await using server = await unit.routes(
      route({ method: 'POST', pattern: '/x', handler: echo, openapi: { body: schema } }),
    )
    expect((await server.send('POST', '/x', {})).body.body).toEqual({ role: 'player' })
  })

  test.each<[string, string | Uint8Array]>([
    ['half of JSON', '{"a":'],
    ['a key that reaches past its object', '{"__proto__":{"admin":true}}'],
    ['invalid UTF-8', new Uint8Array([0x22, 0xff, 0xfe, 0x22])],
  ])('%s is 400', async (_what, body) => {
    await using server = await unit.routes(route({ method: 'POST', pattern: '/x', handler: echo }))
    const { status, body: document } = await server.send('POST', '/x', body)
    expect([status, document.errors[0].in]).toEqual([400, 'body'])
  })

  test('a body of another media type is 415 and says what is taken', async () => {
    await using server = await unit.routes(
      route({ method: 'POST', pattern: '/json', handler: echo, openapi: { body: user } }),
      route({ method: 'POST', pattern: '/any', handler: echo }),
      route({
        method: 'POST',
        pattern: '/image',
        handler: (request: any) => [Buffer.isBuffer(request.body), request.body.length],
        openapi: { requestBody: { content: { 'image/*': {} } } },
      }),
      route({
        method: 'POST',
        pattern: '/form',
        handler: echo,
        openapi: { requestBody: { content: { 'application/x-www-form-urlencoded': { schema: user } } } },
      }),
    )
    const refused = await server.send('POST', '/json', 'hi', 'text/plain')
    expect([refused.status, refused.headers.get('accept')]).toEqual([415, 'application/json'])
    expect((await server.send('POST', '/any', 'hi', 'image/png')).status).toBe(415)
    expect((await server.send('POST', '/any', 'hi', 'no media type')).status).toBe(415)
    expect((await server.send('POST', '/any', 'hé', 'text/plain; charset=utf-8')).body.body).toBe('hé')
    expect((await server.send('POST', '/any', { a: 1 }, 'application/merge-patch+json')).body.body).toEqual({
      a: 1,
    })
    expect((await server.send('POST', '/image', new Uint8Array(9), 'image/png')).body).toEqual([true, 9])
    const form = await server.send('POST', '/form', 'name=ann+lee&age=7', 'application/x-www-form-urlencoded')
    expect(form.body.body).toEqual({ name: 'ann lee', age: 7 })
  })

  test("a body over the listener's limit or the route's is 413", async () => {
    await using server = await unit.routes(
      route({ method: 'POST', pattern: '/x', handler: () => 'ok' }),
      route({ method: 'POST', pattern: '/small', handler: () => 'ok', limits: { body: 10 } }),
    )
    expect((await server.send('POST', '/small', '"12345678901"')).status).toBe(413)
    expect((await server.send('POST', '/small', '"1"')).status).toBe(200)
    await unit.kernel.setOption(server.api, HTTP_MAX_BODY_SIZE, 100)
    expect((await server.send('POST', '/x', JSON.stringify('x'.repeat(200)))).status).toBe(413)
    expect((await server.send('POST', '/x', '"x"')).status).toBe(200)
  })

  test('a client that waits for 100 is refused before it sends its body', async () => {
    await using server = await unit.routes(
      route({ method: 'POST', pattern: '/x', handler: () => 'ok', openapi: { body: user } }),
    )
    const socket = connect(server.addr.port, '127.0.0.1')
    socket.write(
      'POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n',
    )
    const answer = await text(socket)
    expect(answer).toMatch(/^HTTP\/1\.1 415 /)
    expect(answer).toMatch(/\r\nConnection: close\r\n/i)
  })

  test('schemas are shared by name, and defaults hold for routes that do not say', async () => {
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'POST',
        pattern: '/team',
        handler: echo,
        openapi: { body: { type: 'array', items: { $ref: 'User' } } },
      })
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'PUT', pattern: '/user', handler: echo })
      void kernel.setOption(api, REST_VALIDATION_SCHEMA, {
        schemas: {
          User: user,
          Wrapped: { type: 'object', properties: { user: { $ref: '#/components/schemas/User' } } },
        },
        body: { $ref: 'Wrapped' },
        query: { verbose: { type: 'boolean' } },
      })
    })
    expect((await server.send('POST', '/team?verbose=true', [{ name: 'ann' }])).body).toMatchObject({
      body: [{ name: 'ann' }],
      query: { verbose: true },
    })
    expect((await server.send('POST', '/team', [{ age: 1 }])).body.errors[0]).toMatchObject({
      path: '/0/name',
    })
    expect((await server.send('PUT', '/user', { user: { age: 1 } })).body.errors[0]).toMatchObject({
      path: '/user/name',
    })
    const broken = unit.kernel.setOption(server.api, REST_VALIDATION_SCHEMA, {
      schemas: { User: { type: 7 } } as any,
    })
    await expect(broken).rejects.toMatchObject({ message: expect.stringContaining('schemas.User') })
    expect((await server.send('PUT', '/user', { user: { name: 'bo' } })).status).toBe(200)
  })

  test('a faulty request reaches a handler that wants it, with what is wrong', async () => {
    await using server = await unit.routes(
      route({
        method: 'POST',
        pattern: '/users/{id}',
        handler: echo,
        onInvalid: 'pass',
        openapi: { parameters: { id: { type: 'integer' } }, body: user },
      }),
    )
    const { status, body } = await server.send('POST', '/users/x', { age: 'y' })
    expect([status, body.passed, body.same]).toEqual([200, false, true])
    expect(body.results.map((result: any) => result.path)).toEqual(['/id', '/name', '/age'])
    const unparsed = await server.send('POST', '/users/1', '{')
    expect(unparsed.body).toMatchObject({
      passed: false,
      body: '{',
      results: [{ message: 'is not valid JSON' }],
    })
    expect((await server.send('POST', '/users/1', { name: 'ann' })).body.passed).toBe(true)
  })

  test('a router that hands faulty requests on does so with those no route matches', async () => {
    await using server = await unit.serve(
      (api, kernel) => {
        void kernel.setOption(api, REST_ROUTER_CONFIG, { onInvalid: 'pass' })
        void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/a', handler: () => 'a' })
      },
      async (fd, request) => {
        const chunks: Buffer[] = []
        if (request.body) for await (const chunk of request.body as any) chunks.push(chunk)
        const { validation_passed, route_match = null, path } = request
        unit.kernel.write(fd, {
          status: 404,
          body: { validation_passed, route_match, path, body: `${Buffer.concat(chunks)}` },
        })
      },
    )
    expect((await server.send('POST', '/a', 'hi', 'text/plain')).body).toEqual({
      validation_passed: false,
      route_match: null,
      path: '/a',
      body: 'hi',
    })
    expect((await server.fetch('/nowhere')).body.path).toBe('/nowhere')
    expect((await server.fetch('/a')).body).toBe('a')
  })

  test('default headers are on what the worker answers too', async () => {
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, HTTP_HEADERS, { 'x-realm': 'one', 'CONTENT-type': 'text/html' })
      void kernel.setOption(api, HTTP_MAX_BODY_SIZE, 2)
      void kernel.setOption(api, REST_DOCS_PATH, '/docs')
      for (const stream of [true, false])
        void kernel.setOption(api, REST_ADD_ROUTE, {
          method: 'POST',
          pattern: `/${stream}`,
          stream,
          handler: () => 1,
        })
    })
    const problems = [
      await server.fetch('/'),
      await server.fetch('/true'),
      await server.send('POST', '/true', 'long', 'text/plain'),
      await server.send('POST', '/false', 'long', 'text/plain'),
      await server.fetch('/docs/nothing'),
    ]
    expect(problems.map(({ status }) => status)).toEqual([404, 405, 413, 413, 404])
    for (const { headers } of problems) {
      expect(headers.get('x-realm')).toBe('one')
      expect(headers.get('content-type')).toBe('application/problem+json')
    }
    const { headers } = await server.fetch('/docs/json')
    expect([headers.get('x-realm'), headers.get('content-type')]).toEqual([
      'one',
      'application/json; charset=utf-8',
    ])
  })
})
