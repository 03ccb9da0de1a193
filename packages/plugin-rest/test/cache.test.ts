import { CACHE_ENABLE, CACHE_STATISTICS } from '@unisock/plugin-http'
import { expect, test } from 'vitest'
import { REST_ADD_ROUTE, REST_JWT_SECRET, REST_ROUTER_CONFIG, reply, route, signJwt } from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

const SECRET = 'a secret of at least thirty-two bytes'

test.each(ISOLATIONS)(
  'over %s a hit is validated and admitted, and does not reach the program',
  async isolation => {
    await using held = await TestKernel.start(isolation)
    let asked = 0
    const answer = (directives: string) => () =>
      reply({ headers: { 'cache-control': directives }, body: { asked: ++asked } })
    await using server = await held.serve((api, kernel) => {
      void kernel.setOption(api, CACHE_ENABLE, true)
      void kernel.setOption(api, REST_JWT_SECRET, SECRET)
      void kernel.setOption(api, REST_ROUTER_CONFIG, { auth: 'none' })
      const routes = [
        route({ method: 'GET', pattern: '/open/{id:int}', handler: answer('max-age=60') }),
        route({ method: 'PUT', pattern: '/open/{id:int}', handler: answer('no-store') }),
        route({ method: 'GET', pattern: '/mine', auth: 'required', handler: answer('max-age=60') }),
        route({
          method: 'GET',
          pattern: '/members',
          auth: 'required',
          handler: answer('public, max-age=60'),
        }),
      ]
      for (const each of routes) void kernel.setOption(api, REST_ADD_ROUTE, each as any)
    })
    const url = `http://127.0.0.1:${server.addr.port}`
    const get = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(url + path, init)
      return [response.status, ((await response.json()) as { asked?: number }).asked]
    }
    const token = signJwt({ sub: 'wren' }, { secret: SECRET, expiresIn: 60 })
    const headers = { authorization: `Bearer ${token}` }

    expect(await get('/open/1')).toEqual([200, 1])
    expect(await get('/open/1')).toEqual([200, 1])
    expect((await get('/open/x'))[0]).toBe(404)
    expect(await get('/open/1', { method: 'PUT' })).toEqual([200, 2])
    expect(await get('/open/1')).toEqual([200, 3])

    expect(await get('/mine', { headers })).toEqual([200, 4])
    expect(await get('/mine', { headers })).toEqual([200, 5])

    expect(await get('/members', { headers })).toEqual([200, 6])
    expect(await get('/members', { headers })).toEqual([200, 6])
    expect((await get('/members'))[0]).toBe(401)
    expect(await held.kernel.query(server.api, CACHE_STATISTICS)).toMatchObject({
      hits: 2,
      invalidations: 1,
    })
  },
)
