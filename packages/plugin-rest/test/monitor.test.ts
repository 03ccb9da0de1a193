import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CACHE_ENABLE, HTTP_ACCESS_LOG, MONITOR_METRICS_PATH, MONITOR_TRACE } from '@unisock/plugin-http/core'
import { describe, expect, test } from 'vitest'
import { REST_ADD_ROUTE, REST_CLIENT, REST_JWT_SECRET, type RestRequest, signJwt } from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

const secret = 'a secret that is as long as RFC 7518 asks for'
const headers = { authorization: `Bearer ${signJwt({ sub: 'ann' }, { secret, expiresIn: 60 })}` }

describe.each(ISOLATIONS)('in a %s worker', isolation => {
  test('lines and counts have the route and the user, also of what the worker answers', async () => {
    await using unit = await TestKernel.start(isolation)
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, HTTP_ACCESS_LOG, 'json')
      void kernel.setOption(api, MONITOR_METRICS_PATH, '/metrics')
      void kernel.setOption(api, REST_JWT_SECRET, secret)
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/users/{id:int}',
        handler: (request: RestRequest<any>) => request.path_params,
      })
    })
    await server.fetch('/users/7', { headers })
    await server.fetch('/users/8')
    await server.fetch('/nowhere', { headers })
    const { body } = await server.fetch('/metrics')
    const lines = (): any[] => unit.log.filter(({ level }) => level === 'info').map(({ details }) => details)
    await expect.poll(() => lines().length).toBe(4)
    expect(lines().map(({ target, route, status, user }) => [target, route, status, user])).toEqual([
      ['/users/7', '/users/{id:int}', 200, 'ann'],
      ['/users/8', '/users/{id:int}', 401, undefined],
      ['/nowhere', undefined, 404, undefined],
      ['/metrics', '/metrics', 200, undefined],
    ])
    for (const sample of [
      'http_requests_total{method="GET",route="/users/{id:int}",status="2xx"} 1',
      'http_requests_total{method="GET",route="/users/{id:int}",status="4xx"} 1',
      'http_requests_total{method="GET",route="",status="4xx"} 1',
      'http_refusals_total{reason="unauthorized"} 1',
      'http_refusals_total{reason="not_found"} 1',
    ])
      expect(body).toContain(`${sample}\n`)
  })

  test('a handler passes its trace on with what it asks for', async () => {
    const seen: (string | undefined)[] = []
    const other = createServer((request, response) => {
      seen.push(request.headers.traceparent as string)
      response.end('{}')
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    await using unit = await TestKernel.start(isolation)
    const { kernel } = unit
    const client = kernel.create(REST_CLIENT, {})
    await kernel.connect(client, `http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    await using server = await unit.serve(api => {
      void kernel.setOption(api, MONITOR_TRACE, true)
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/',
        handler: async (request: RestRequest<any>) => {
          await kernel.request(client, { path: '/', trace: request })
          return { id: request.id, trace: request.trace }
        },
      })
    })
    const { body, headers } = await server.fetch('/')
    other.closeAllConnections()
    other.close()
    expect(headers.get('x-request-id')).toBe(body.id)
    expect(seen).toEqual([expect.stringContaining(`00-${body.trace.trace_id}-`)])
    expect(seen[0]).not.toBe(body.trace.traceparent)
  })

  test("a client's cache", async () => {
    let asked = 0
    const other = createServer((_request, response) => {
      asked++
      response.setHeader('cache-control', 'max-age=60').setHeader('content-type', 'application/json')
      response.end('{"a":1}')
    }).listen(0, '127.0.0.1')
    await once(other, 'listening')
    await using unit = await TestKernel.start(isolation)
    const { kernel } = unit
    const client = kernel.create(REST_CLIENT, {})
    void kernel.setOption(client, CACHE_ENABLE, true)
    await kernel.connect(client, `http://127.0.0.1:${(other.address() as AddressInfo).port}`)
    for (const fromCache of [false, true]) {
      const response = await kernel.request(client, '/x')
      expect([response.body, response.from_cache]).toEqual([{ a: 1 }, fromCache])
    }
    expect(asked).toBe(1)
    other.closeAllConnections()
    other.close()
  })
})
