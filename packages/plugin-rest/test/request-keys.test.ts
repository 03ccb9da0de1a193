import { REST_MODE } from '@unisock/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { REST_ADD_ROUTE, type RestRequest } from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

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
    expect(kernel.getOption(server.api, REST_MODE)).toBe(1)
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
