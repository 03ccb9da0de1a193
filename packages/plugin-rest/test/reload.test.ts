import { once } from 'node:events'
import { Agent, get, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { json, text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { REST_ADD_ROUTE, REST_OPENAPI_INFO, route } from '../src/index.ts'
import { ISOLATIONS, TestKernel, type TestServer } from './support/server.ts'

/** Sends requests over kept-alive connections until told to stop; what they were answered with. */
async function load(
  server: TestServer,
  path: string,
  stop: () => boolean,
): Promise<[status: number, body: any][]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const answers: [number, any][] = []
  const client = async () => {
    while (!stop()) {
      const [response] = await once(get(server.url + path, { agent }), 'response')
      answers.push([response.statusCode, await json(response)])
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  agent.destroy()
  return answers
}

describe.each(ISOLATIONS)('changes after listen in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  test('a route that is replaced under load loses no request', async () => {
    const version = (n: number) => route({ method: 'GET', pattern: '/version/{x:int}', handler: () => n })
    await using server = await unit.routes(version(0))
    let done = false
    const answers = load(server, '/version/1', () => done)
    for (let n = 1; n <= 20; n++) {
      await unit.kernel.setOption(server.api, REST_ADD_ROUTE, version(n))
      expect((await server.fetch('/version/1')).body).toBe(n)
    }
    done = true
    const seen = await answers
    expect(seen.filter(([status]) => status !== 200)).toEqual([])
    expect(seen.length).toBeGreaterThan(20)
  })

  test('routes that are added in one turn appear together', async () => {
    await using server = await unit.routes()
    expect((await server.fetch('/r/0')).status).toBe(404)
    const names = Array.from({ length: 50 }, (_, n) => n)
    const set = (n: number) =>
      unit.kernel.setOption(
        server.api,
        REST_ADD_ROUTE,
        route({ method: 'GET', pattern: `/r/${n}`, handler: () => n }),
      )
    await Promise.all(names.map(set))
    for (const n of names) expect((await server.fetch(`/r/${n}`)).body).toBe(n)
  })

  test('one bad route of a turn is refused alone', async () => {
    await using server = await unit.routes()
    const set = (pattern: string, schema: object) =>
      unit.kernel.setOption(server.api, REST_ADD_ROUTE, {
        method: 'POST',
        pattern,
        handler: () => pattern,
        openapi: { body: schema as any },
      })
    const results = await Promise.allSettled([set('/a', {}), set('/b', { type: 'nothing' }), set('/c', {})])
    expect(results.map(result => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await server.send('POST', '/c', 1)).body).toBe('/c')
    expect((await server.send('POST', '/b', 1)).status).toBe(404)
  })

  test('a pattern that differs by names alone replaces, one that differs by type does not', async () => {
    await using server = await unit.routes(
      route({ method: 'GET', pattern: '/u/{id:int}', handler: () => 'old' }),
      route({ method: 'GET', pattern: '/u/{name}', handler: () => 'text' }),
      route({ method: 'GET', pattern: '/u/{number:int}', handler: request => request.path_params }),
    )
    expect((await server.fetch('/u/1')).body).toEqual({ number: 1 })
    expect((await server.fetch('/u/x')).body).toBe('text')
  })

  test('a request whose body is on its way when its route is replaced keeps its handler', async () => {
    const named = (name: string) =>
      route({ method: 'POST', pattern: '/x', handler: request => [name, request.body] })
    await using server = await unit.routes(named('old'))
    const request = httpRequest(`${server.url}/x`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': 7, expect: '100-continue' },
    })
    request.flushHeaders()
    // The worker says 100 once it reads the body for the route.
    await once(request, 'continue')
    await unit.kernel.setOption(server.api, REST_ADD_ROUTE, named('new'))
    expect((await server.send('POST', '/x', 1)).body).toEqual(['new', 1])
    request.end('{"a":1}')
    const [response] = await once(request, 'response')
    expect(JSON.parse(await text(response))).toEqual(['old', { a: 1 }])
  })

  test('a replaced handler is let go of, though the body of a request for it never came', async () => {
    const named = (name: string) => route({ method: 'POST', pattern: '/x', handler: () => name })
    await using server = await unit.routes(named('old'))
    const held = () => unit.kernel.metrics().functions
    const before = held()
    for (const give of ['end', 'destroy'] as const) {
      const client = connect(server.addr.port, '127.0.0.1').on('error', () => {})
      client.write(
        'POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n',
      )
      // The worker says 100 once it reads the body for the route.
      await once(client, 'data')
      client.write('{"a"')
      client[give]()
      client.resume()
      await once(client, 'close')
    }
    await unit.kernel.setOption(server.api, REST_ADD_ROUTE, named('new'))
    await until(() => held() === before)
    expect((await server.send('POST', '/x', 1)).body).toBe('new')
  })

  test('another base path takes the place of the first without a gap', async () => {
    await using server = await unit.routes(route({ method: 'GET', pattern: '/x', handler: () => 1 }))
    await unit.kernel.setOption(server.api, REST_OPENAPI_INFO, { title: 't', version: '1', base_path: '/v1' })
    expect((await server.fetch('/v1/x')).status).toBe(200)
    expect((await server.fetch('/x')).status).toBe(404)
  })
})
