/**
 * The REST examples of FluffOS's unified socket architecture, carried over to the kernel's calls.
 */
import { REST_MODE } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_OPENAPI_INFO,
  REST_ROUTER_CONFIG,
  REST_SERVER,
  type RestRequest,
  signJwt,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel, TestServer } from './support/server.ts'

const user_schema = { id: { type: 'integer' }, name: { type: 'string' } }

const user_route = {
  method: 'GET',
  pattern: '/users/{id}',
  handler: 'get_user_handler',
  openapi: {
    summary: 'Get user by ID',
    parameters: { id: { type: 'integer', description: 'User ID' } },
    responses: { '200': { description: 'User found', schema: { type: 'object', properties: user_schema } } },
  },
} as const

describe.each(ISOLATIONS)('in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  test('a daemon sets up a documented API under a base path, its handler named', async () => {
    const { kernel } = unit
    const rest_socket = kernel.create(REST_SERVER, (fd, request) => {
      expect(request.route_match?.handler).toBe('get_user')
      kernel.write(fd, { status: 200, body: { id: request.path_params.id, name: 'drizzt' } })
    })
    void kernel.setOption(rest_socket, REST_OPENAPI_INFO, {
      title: 'MUD REST API',
      version: '1.0.0',
      base_path: '/api/v1',
    })
    void kernel.setOption(rest_socket, REST_ADD_ROUTE, {
      method: 'GET',
      pattern: '/users/{id}',
      handler: 'get_user',
      openapi: {
        summary: 'Get user by ID',
        parameters: { id: { type: 'integer', description: 'User ID' } },
        responses: { '200': { description: 'User found', schema: user_schema } },
      },
    })
    void kernel.setOption(rest_socket, REST_DOCS_PATH, '/docs')
    await kernel.bind(rest_socket, 0)
    await using server = new TestServer(kernel, rest_socket, await kernel.listen(rest_socket))
    expect(kernel.getOption(rest_socket, REST_MODE)).toBe(1)
    expect((await server.fetch('/api/v1/users/7')).body).toEqual({ id: 7, name: 'drizzt' })
    expect((await server.fetch('/api/v1/users/seven')).status).toBe(400)
    const document = (await server.fetch('/docs/json')).body
    expect(document.info).toEqual({ title: 'MUD REST API', version: '1.0.0' })
    expect(document.paths['/users/{id}'].get).toMatchObject({
      summary: 'Get user by ID',
      parameters: [
        { name: 'id', in: 'path', required: true, description: 'User ID', schema: { type: 'integer' } },
      ],
      responses: {
        '200': {
          description: 'User found',
          content: { 'application/json': { schema: { type: 'object', properties: user_schema } } },
        },
      },
    })
  })

  test('one callback gets all requests, with everything in the request', async () => {
    const { kernel } = unit
    const rest_socket = kernel.create(
      REST_SERVER,
      (socket, request) => {
        const { path, path_params } = request
        if (!request.validation_passed) {
          kernel.write(socket, { status: 400, body: JSON.stringify({ error: 'Invalid request' }) })
          return
        }
        switch (request.route_match?.pattern) {
          case '/users/{id}':
            kernel.write(socket, { body: { path, path_params, auth: request.auth_status } })
            break
          default:
            kernel.write(socket, { status: 404 })
        }
      },
      () => {},
    )
    void kernel.setOption(rest_socket, REST_OPENAPI_INFO, {
      title: 'MUD REST API',
      version: '1.0.0',
      description: 'FluffOS MUD REST API with OpenAPI documentation',
      servers: [{ url: 'https://mud.example.com/api' }],
    })
    void kernel.setOption(rest_socket, REST_ROUTER_CONFIG, { onInvalid: 'pass' })
    void kernel.setOption(rest_socket, REST_ADD_ROUTE, user_route)
    void kernel.setOption(rest_socket, REST_JWT_SECRET, 'secret_key')
    void kernel.setOption(rest_socket, REST_DOCS_PATH, '/docs')
    await kernel.bind(rest_socket, 0)
    await using server = new TestServer(kernel, rest_socket, await kernel.listen(rest_socket))
    const headers = {
      authorization: `Bearer ${signJwt({ sub: 'drizzt' }, { secret: 'secret_key', expiresIn: 60 })}`,
    }
    expect((await server.fetch('/users/7', { headers })).body).toEqual({
      path: '/users/7',
      path_params: { id: 7 },
      auth: 'valid',
    })
    for (const [path, init] of [
      ['/users/x', { headers }],
      ['/users/7', {}],
      ['/nowhere', { headers }],
    ] as const)
      expect(await server.fetch(path, init)).toMatchObject({
        status: 400,
        body: '{"error":"Invalid request"}',
      })
    const document = (await server.fetch('/docs/json')).body
    expect(document.servers).toEqual([{ url: 'https://mud.example.com/api' }])
    expect((await server.fetch('/docs')).headers.get('content-type')).toContain('text/html')
  })

  test('a request has every key that the callback interface names', async () => {
    const requests: RestRequest[] = []
    const { kernel } = unit
    await using server = await unit.serve(
      api => void kernel.setOption(api, REST_ADD_ROUTE, user_route),
      (fd, request) => {
        requests.push(request)
        kernel.write(fd, 'ok')
      },
    )
    await server.fetch('/users/7?verbose=1')
    const keys = ['method', 'path', 'uri', 'headers', 'body', 'query_params', 'path_params', 'route_match']
    const more = [
      'validation_passed',
      'validation_results',
      'schema_validation',
      'auth_status',
      'openapi_docs',
    ]
    const plain = requests[0]!.toJSON()
    expect(Object.keys(plain)).toEqual(expect.arrayContaining([...keys, ...more]))
    expect(plain).toMatchObject({
      query_params: { verbose: '1' },
      openapi_docs: user_route.openapi,
      route_match: { pattern: '/users/{id}', method: 'GET', handler: 'get_user_handler' },
    })
  })
})
