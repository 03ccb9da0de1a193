import { connect } from 'node:http2'
import { HTTP2_ENABLE } from '@unisock/plugin-http/core'
import { expect, test } from 'vitest'
import {
  REST_ADD_ROUTE,
  REST_CORS_CONFIG,
  REST_ERROR_HANDLER,
  REST_MIDDLEWARE,
  REST_RATE_LIMIT,
  type RestRequest,
  reply,
} from '../src/index.ts'
import { TestKernel } from './support/server.ts'

type Headers = Record<string, string | number | string[] | undefined>

test('what stands around handlers is the same over HTTP/2', async () => {
  await using unit = await TestKernel.start('inline')
  await using server = await unit.serve((api, kernel) => {
    void kernel.setOption(api, HTTP2_ENABLE, true)
    void kernel.setOption(api, REST_MIDDLEWARE, [
      'helmet',
      'request-id',
      { name: 'basic-auth', users: { ann: 'one' } },
      async (_request, next) => ({ around: await next() }),
    ])
    void kernel.setOption(api, REST_CORS_CONFIG, { origins: 'https://a.org' })
    void kernel.setOption(api, REST_RATE_LIMIT, { max: 3, window: 600 })
    void kernel.setOption(api, REST_ERROR_HANDLER, {
      handler: (_error, { path }) =>
        path === '/nowhere' ? reply({ status: 404, body: 'handled' }) : undefined,
      worker: true,
    })
    void kernel.setOption(api, REST_ADD_ROUTE, {
      method: 'GET',
      pattern: '/x',
      handler: (request: RestRequest) => request.user,
    })
  })
  const session = connect(server.url)
  const ask = (headers: Record<string, string>) =>
    new Promise<{ headers: Headers; body: string }>((resolve, reject) => {
      const stream = session.request(
        { ':path': '/x', origin: 'https://a.org', ...headers },
        { endStream: true },
      )
      let answer: Headers = {}
      let body = ''
      stream.on('response', fields => {
        answer = { ...fields }
      })
      stream.setEncoding('utf8').on('data', text => {
        body += text
      })
      stream.on('end', () => resolve({ headers: answer, body })).on('error', reject)
    })
  const first = await ask({ authorization: `Basic ${btoa('ann:one')}` })
  expect(first.headers).toMatchObject({
    ':status': 200,
    'access-control-allow-origin': 'https://a.org',
    vary: 'Origin',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
    ratelimit: expect.stringContaining('r=2'),
  })
  expect(first.body).toBe('{"around":"ann"}')
  const preflight = await ask({ ':method': 'OPTIONS', 'access-control-request-method': 'GET' })
  expect(preflight.headers).toMatchObject({ ':status': 204, 'access-control-allow-methods': 'GET, HEAD' })
  expect((await ask({})).headers).toMatchObject({ ':status': 401, 'www-authenticate': expect.any(String) })
  const unrouted = await ask({ ':path': '/nowhere' })
  expect([unrouted.headers[':status'], unrouted.body]).toEqual([404, 'handled'])
  expect((await ask({})).headers).toMatchObject({ ':status': 429, 'retry-after': expect.any(String) })
  session.close()
})
