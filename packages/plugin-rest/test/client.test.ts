import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createKernel, HTTP_CLIENT_MODE, type Isolation, REST_MODE } from '@unisock/kernel'
import { HTTP_BODY_STREAM, HTTP_URL } from '@unisock/plugin-http'
import { describe, expect, test } from 'vitest'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import {
  isResponseError,
  problem,
  REST_ADD_ROUTE,
  REST_CLIENT,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_OPENAPI_INFO,
  REST_SERVER,
  REST_VALIDATION_SCHEMA,
  type RestResponse,
  reply,
  rest,
  route,
  signJwt,
} from '../src/index.ts'

const SECRET = 'a secret of more than thirty-two bytes'
const User = {
  type: 'object',
  required: ['id', 'name'],
  additionalProperties: false,
  properties: { id: { type: 'integer' }, name: { type: 'string', minLength: 1 } },
}

async function kernelOf(isolation: Isolation = 'inline') {
  const logger = memoryLogger()
  const kernel = await createKernel({ plugins: [rest({ isolation })], logger })
  return Object.assign(kernel, { lines: logger.lines })
}
type TestKernel = Awaited<ReturnType<typeof kernelOf>>

/** An API of users on a REST_SERVER, with its document at /docs/json. */
async function usersOn(kernel: TestKernel): Promise<{ url: string; seen: unknown[] }> {
  const seen: unknown[] = []
  const users = new Map([[7, { id: 7, name: 'ann' }]])
  const api = kernel.create(REST_SERVER, {})
  void kernel.setOption(api, REST_OPENAPI_INFO, { title: 'Users', version: '1', base_path: '/v1' })
  void kernel.setOption(api, REST_VALIDATION_SCHEMA, { schemas: { User } })
  void kernel.setOption(api, REST_DOCS_PATH, '/docs')
  void kernel.setOption(api, REST_JWT_SECRET, { secret: SECRET, issuer: 'test' })
  const routes = [
    route({
      method: 'GET',
      pattern: '/users/{id:int}',
      openapi: { operationId: 'getUser', responses: { 200: { schema: { $ref: 'User' } } } },
      handler: ({ path_params, auth }) => {
        seen.push(auth?.claims.sub)
        const user = users.get(path_params.id)
        if (!user) throw problem(404, `there is no user ${path_params.id}`, { id: path_params.id })
        return user
      },
    }),
    route({
      method: 'GET',
      pattern: '/users',
      auth: 'none',
      openapi: {
        operationId: 'listUsers',
        parameters: {
          limit: { type: 'integer', maximum: 10 },
          tag: { type: 'array', items: { type: 'string' } },
        },
        responses: { 200: { schema: { type: 'array', items: { $ref: 'User' } } } },
      },
      handler: ({ query_params }) => {
        seen.push({ ...query_params })
        return [...users.values()]
      },
    }),
    route({
      method: 'POST',
      pattern: '/users',
      openapi: {
        operationId: 'addUser',
        body: { $ref: 'User' },
        responses: { 201: { schema: { $ref: 'User' } } },
      },
      handler: ({ body }) => reply({ status: 201, body }),
    }),
  ]
  for (const each of routes) void kernel.setOption(api, REST_ADD_ROUTE, each)
  void kernel.bind(api, 0)
  const { port } = await kernel.listen(api)
  return { url: `http://127.0.0.1:${port}`, seen }
}

async function origin(handler: RequestListener) {
  const server = createServer(handler)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

describe.each(['thread', 'process', 'inline'] as const)('over %s', isolation => {
  test('paths are below the base, JSON goes both ways, and the token is shown', async () => {
    await using kernel = await kernelOf(isolation)
    const { url, seen } = await usersOn(kernel)
    const fd = kernel.create(REST_CLIENT, {})
    void kernel.setOption(fd, REST_JWT_SECRET, { secret: SECRET, issuer: 'test', claims: { sub: 'me' } })
    await kernel.connect(fd, `${url}/v1`)
    const user = await kernel.request(fd, '/users/7')
    expect([user.status, user.body, user.media_type]).toEqual([
      200,
      { id: 7, name: 'ann' },
      'application/json',
    ])
    const filled = await kernel.request(fd, { path: 'users/{id}', params: { id: 7 } })
    expect(filled.body).toEqual(user.body)
    const made = await kernel.request(fd, { path: '/users', body: { id: 8, name: 'bob' } })
    expect([made.status, made.body]).toEqual([201, { id: 8, name: 'bob' }])
    expect(seen).toEqual(['me', 'me'])
    expect([kernel.getOption(fd, HTTP_CLIENT_MODE), kernel.getOption(fd, REST_MODE)]).toEqual([1, 1])
  })

  test('a document loaded from its URL gives calls by name, validated on both sides', async () => {
    await using kernel = await kernelOf(isolation)
    const { url, seen } = await usersOn(kernel)
    const fd = kernel.create(REST_CLIENT, {})
    void kernel.setOption(
      fd,
      REST_JWT_SECRET,
      signJwt({ sub: 'ann' }, { secret: SECRET, issuer: 'test', expiresIn: 60 }),
    )
    void kernel.setOption(fd, REST_VALIDATION_SCHEMA, { url: `${url}/docs/json` })
    // The document says where its server is.
    await kernel.connect(fd)
    const call = (request: object) => kernel.request(fd, request)
    expect((await call({ operation: 'getUser', params: { id: 7 } })).body).toEqual({ id: 7, name: 'ann' })
    const listed = await call({ operation: 'listUsers', params: { limit: 3, tag: ['a b', '&'] } })
    expect(listed.body).toEqual([{ id: 7, name: 'ann' }])
    expect(seen).toEqual(['ann', { limit: 3, tag: ['a b', '&'] }])
    const before = seen.length
    const refused: [object, string][] = [
      [{ operation: 'getUser' }, '/id'],
      [{ operation: 'getUser', params: { id: 'x' } }, '/id'],
      [{ operation: 'getUser', params: { id: 7, more: 1 } }, '/more'],
      [{ operation: 'listUsers', params: { limit: 11 } }, '/limit'],
      [{ operation: 'addUser' }, ''],
      [{ operation: 'addUser', body: { id: 'x', name: 'n' } }, '/id'],
      [{ operation: 'addUser', body: 'text' }, ''],
      [{ operation: 'getUser', params: { id: 7 }, body: {} }, ''],
    ]
    for (const [request, path] of refused)
      await expect(call(request), JSON.stringify(request)).rejects.toMatchObject({
        code: 'EINVAL',
        details: { errors: [{ path }] },
      })
    await expect(call({ operation: 'nothing' })).rejects.toMatchObject({ code: 'EINVAL' })
    expect(seen.length).toBe(before)
    expect((await call({ operation: 'addUser', json: { id: 8, name: 'bob' } })).status).toBe(201)
  })

  test('a status from 400 on rejects with what its problem document says', async () => {
    await using kernel = await kernelOf(isolation)
    const { url } = await usersOn(kernel)
    const messages: RestResponse[] = []
    const got = Promise.withResolvers<void>()
    const fd = kernel.create(REST_CLIENT, (_fd, response) => {
      messages.push(response)
      got.resolve()
    })
    void kernel.setOption(fd, REST_JWT_SECRET, { secret: SECRET, issuer: 'test' })
    await kernel.connect(fd, `${url}/v1/`)
    const error: unknown = await kernel.request(fd, '/users/9').catch((thrown: unknown) => thrown)
    if (!isResponseError(error)) throw error
    expect(error).toMatchObject({
      status: 404,
      category: 'application',
      retryable: false,
      document: { title: 'Not Found', status: 404, detail: 'there is no user 9', id: 9 },
    })
    expect(error.message).toBe(`${url}/v1/users/9 answers 404 Not Found: there is no user 9`)
    expect(error.response.body.id).toBe(9)
    const quiet = await kernel.request(fd, { path: '/users/9', raise: false })
    expect([quiet.status, quiet.problem?.detail]).toEqual([404, 'there is no user 9'])
    kernel.write(fd, '/users/9')
    await got.promise
    expect(messages[0]!.problem?.status).toBe(404)
  })
})

test('the token is for the client’s own server alone', async () => {
  const tokens: unknown[] = []
  await using own = await origin((request, response) => {
    tokens.push(request.headers.authorization)
    response.end()
  })
  await using other = await origin((request, response) => {
    tokens.push(request.headers.authorization)
    response.end()
  })
  await using kernel = await kernelOf()
  const fd = kernel.create(REST_CLIENT, {})
  void kernel.setOption(fd, REST_JWT_SECRET, { token: 'opaque' })
  void kernel.setOption(fd, HTTP_URL, own.url)
  await kernel.request(fd, '/')
  await kernel.request(fd, `${other.url}/`)
  await kernel.request(fd, { path: '/', headers: { authorization: 'Basic x' } })
  expect(tokens).toEqual(['Bearer opaque', undefined, 'Basic x'])
  expect(kernel.getOption(fd, REST_JWT_SECRET)).toBe('[redacted]')
})

test('parameters never make another path, whatever is in them', async () => {
  const paths: unknown[] = []
  await using server = await origin((request, response) => {
    paths.push(request.url)
    response.end()
  })
  await using kernel = await kernelOf()
  const fd = kernel.create(REST_CLIENT, {})
  await kernel.connect(fd, `${server.url}/v1/`)
  const at = (id: unknown) => kernel.request(fd, { path: '/users/{id}/files', params: { id } })
  for (const id of ['a/../b', '..%2f', '?x=1#y', 'ä', 'a b']) await at(id)
  expect(paths).toEqual(
    ['a%2F..%2Fb', '..%252f', '%3Fx%3D1%23y', '%C3%A4', 'a%20b'].map(id => `/v1/users/${id}/files`),
  )
  for (const id of ['..', '.', '']) await expect(at(id)).rejects.toMatchObject({ code: 'EINVAL' })
  await expect(kernel.request(fd, { path: '/a', params: { b: 1 } })).rejects.toMatchObject({ code: 'EINVAL' })
  await expect(kernel.request(fd, '/{a}')).rejects.toMatchObject({ code: 'EINVAL' })
})

describe('an OpenAPI document', () => {
  const document = {
    openapi: '3.0.3',
    info: { title: 'T', version: '1' },
    components: {
      parameters: { Id: { name: 'id', in: 'path', required: true, schema: { type: 'string' } } },
      schemas: {
        Node: {
          type: 'object',
          required: ['n'],
          properties: {
            n: { type: 'integer', minimum: 0, exclusiveMinimum: true },
            next: { $ref: '#/components/schemas/Node' },
            note: { type: 'string', nullable: true },
          },
        },
      },
      responses: {
        Node: {
          description: '',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Node' } } },
        },
      },
      requestBodies: {
        Node: {
          required: true,
          content: { 'application/merge-patch+json': { schema: { $ref: '#/components/schemas/Node' } } },
        },
      },
    },
    paths: {
      '/n/{id}': {
        parameters: [{ $ref: '#/components/parameters/Id' }],
        patch: {
          operationId: 'patch',
          parameters: [
            { name: 'X-Trace', in: 'header', schema: { type: 'string' } },
            { name: 'session', in: 'cookie', schema: { type: 'string' } },
            { name: 'list', in: 'query', explode: false, schema: { type: 'array' } },
            { name: 'piped', in: 'query', style: 'pipeDelimited', explode: false, schema: { type: 'array' } },
            { name: 'deep', in: 'query', style: 'deepObject', schema: { type: 'object' } },
            { name: 'json', in: 'query', content: { 'application/json': { schema: { type: 'object' } } } },
          ],
          requestBody: { $ref: '#/components/requestBodies/Node' },
          responses: { 200: { $ref: '#/components/responses/Node' }, '4XX': { description: '' } },
        },
      },
    },
  }

  test('has its references followed, its styles written, and what comes back checked', async () => {
    let answer: [status: number, type: string, body: string] = [200, 'application/json', '{"n":1}']
    const seen: any[] = []
    await using server = await origin((request, response) => {
      seen.push([request.method, request.url, request.headers])
      response.writeHead(answer[0], { 'content-type': answer[1] }).end(answer[2])
    })
    await using kernel = await kernelOf()
    const fd = kernel.create(REST_CLIENT, {})
    void kernel.setOption(fd, REST_VALIDATION_SCHEMA, document)
    await kernel.connect(fd, server.url)
    const params = {
      id: 'a/b',
      'X-Trace': 't',
      session: 'x;y',
      list: [1, 2],
      piped: ['a', 'b'],
      deep: { k: 'v' },
      json: { a: 1 },
    }
    const call = (body: unknown = { n: 1, next: { n: 2, note: null } }) =>
      kernel.request(fd, { operation: 'patch', params, json: body })
    expect((await call()).body).toEqual({ n: 1 })
    const [method, url, headers] = seen[0]
    expect([method, url]).toEqual([
      'PATCH',
      '/n/a%2Fb?list=1%2C2&piped=a%7Cb&deep%5Bk%5D=v&json=%7B%22a%22%3A1%7D',
    ])
    expect(headers).toMatchObject({
      'x-trace': 't',
      cookie: 'session=x%3By',
      'content-type': 'application/merge-patch+json',
    })
    await expect(call({ n: 1, next: { n: 0 } })).rejects.toMatchObject({
      code: 'EINVAL',
      details: { errors: [{ in: 'body', path: '/next/n' }] },
    })
    const lies: [number, string, string][] = [
      [200, 'application/json', '{"n":"1"}'],
      [200, 'application/json', '{"n":'],
      [200, 'application/json', ''],
      [200, 'text/html', '<html>'],
      [202, 'application/json', '{"n":1}'],
    ]
    for (const lie of lies) {
      answer = lie
      await expect(call(), JSON.stringify(lie)).rejects.toMatchObject({
        code: 'EPROTO',
        details: { operation: 'patch', errors: [{ in: 'response' }] },
      })
    }
    answer = [422, 'text/plain', 'no']
    await expect(call()).rejects.toMatchObject({ status: 422 })
    answer = [500, 'text/plain', 'no']
    await expect(call()).rejects.toMatchObject({ status: 500 })
  })

  test.each<[string, object, string]>([
    ['of another kind', { openapi: '2.0', paths: {} }, 'not an OpenAPI 3.0 or 3.1 document'],
    ['that is none', { schemas: {} }, 'on a client it is an OpenAPI document'],
    [
      'with a reference out of it',
      {
        openapi: '3.1.0',
        paths: { '/': { get: { operationId: 'a', parameters: [{ $ref: 'http://x/' }] } } },
      },
      'leads out of the document',
    ],
    [
      'with references in circles',
      {
        openapi: '3.1.0',
        components: { parameters: { a: { $ref: '#/components/parameters/a' } } },
        paths: { '/': { get: { operationId: 'a', parameters: [{ $ref: '#/components/parameters/a' }] } } },
      },
      'in circles',
    ],
    [
      'with two operations of one name',
      { openapi: '3.1.0', paths: { '/': { get: { operationId: 'a' }, post: { operationId: 'a' } } } },
      'another operation a',
    ],
    ['that nobody serves', { url: 'http://127.0.0.1:1/openapi.json' }, 'ECONNREFUSED'],
  ])('%s is refused', async (_title, value, reason) => {
    await using kernel = await kernelOf()
    const fd = kernel.create(REST_CLIENT, {})
    await expect(kernel.setOption(fd, REST_VALIDATION_SCHEMA, value)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining(reason),
    })
  })
})

test('what is a client’s no server takes, and the other way round', async () => {
  await using kernel = await kernelOf()
  const api = kernel.create(REST_SERVER, {})
  await expect(kernel.setOption(api, REST_JWT_SECRET, { token: 'x' })).rejects.toMatchObject({
    code: 'EINVAL',
  })
  await expect(kernel.setOption(api, REST_VALIDATION_SCHEMA, { url: 'http://x/' })).rejects.toMatchObject({
    code: 'EINVAL',
  })
  await expect(kernel.setOption(api as any, HTTP_URL, 'http://x/')).rejects.toMatchObject({
    code: 'ENOPROTOOPT',
  })
  const fd = kernel.create(REST_CLIENT, {})
  const publicKey = { publicKey: '-----BEGIN PUBLIC KEY-----' }
  await expect(kernel.setOption(fd, REST_JWT_SECRET, publicKey)).rejects.toMatchObject({ code: 'EINVAL' })
})

test('a stream that is refused is let go of', async () => {
  const left = Promise.withResolvers<void>()
  await using server = await origin((_request, response) => {
    response.on('close', () => left.resolve())
    response.writeHead(503).write('part')
  })
  await using kernel = await kernelOf()
  const fd = kernel.create(REST_CLIENT, {})
  await kernel.connect(fd, server.url)
  await expect(kernel.request(fd, { stream: true })).rejects.toMatchObject({ status: 503, retryable: true })
  await left.promise
})

test('bodies are what their media types say, streams where they are asked for', async () => {
  await using server = await origin((request, response) => {
    const [, type, body = ''] = request.url!.split('|')
    response.setHeader('content-type', decodeURIComponent(type ?? ''))
    response.end(decodeURIComponent(body))
  })
  await using kernel = await kernelOf()
  const fd = kernel.create(REST_CLIENT, {})
  await kernel.connect(fd, server.url)
  const bodyOf = async (type: string, body: string) =>
    (await kernel.request(fd, `/|${encodeURIComponent(type)}|${encodeURIComponent(body)}`)).body
  expect(await bodyOf('application/vnd.a+json; charset=utf-8', '[1]')).toEqual([1])
  expect(await bodyOf('text/plain', 'ä')).toBe('ä')
  expect(await bodyOf('image/png', 'x')).toEqual(Buffer.from('x'))
  expect(await bodyOf('application/json', '')).toBeUndefined()
  await expect(bodyOf('application/json', '{')).rejects.toMatchObject({ code: 'EPROTO' })
  await kernel.setOption(fd, HTTP_BODY_STREAM, true)
  const streamed = await kernel.request(fd, '/|text%2Fplain|abc')
  expect(await streamed.text()).toBe('abc')
})
