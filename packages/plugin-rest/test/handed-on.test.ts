import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  REST_ADD_ROUTE,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_ROUTER_CONFIG,
  type RestRequest,
  signJwt,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

const secret = 'a secret that is as long as RFC 7518 asks for'

describe.each(ISOLATIONS)('requests that no route takes and that are handed on by a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  const told = (request: RestRequest) => ({
    route: request.route_match ?? null,
    allowed: request.allowed_methods ?? null,
    passed: request.validation_passed,
    auth: request.auth_status,
    user: request.user ?? null,
  })
  const serve = () =>
    unit.serve(
      (api, kernel) => {
        void kernel.setOption(api, REST_ROUTER_CONFIG, { onInvalid: 'pass', auth: 'none' })
        void kernel.setOption(api, REST_JWT_SECRET, secret)
        for (const method of ['GET', 'PUT'] as const)
          void kernel.setOption(api, REST_ADD_ROUTE, { method, pattern: '/x/{id:int}', handler: told })
      },
      (fd, request) => void unit.kernel.write(fd, { body: JSON.stringify(told(request)) }),
    )
  const ask = async (
    server: Awaited<ReturnType<typeof serve>>,
    method: string,
    path: string,
    authorization?: string,
  ) => {
    const headers = authorization === undefined ? {} : { authorization }
    const { body } = await server.fetch(path, { method, headers })
    return typeof body === 'string' ? JSON.parse(body) : body
  }

  test('know the methods that the path has', async () => {
    await using server = await serve()
    expect(await ask(server, 'DELETE', '/x/1')).toEqual({
      route: null,
      allowed: ['GET', 'HEAD', 'PUT'],
      passed: false,
      auth: 'none',
      user: null,
    })
    expect(await ask(server, 'GET', '/nowhere')).toMatchObject({ route: null, allowed: null, passed: false })
    expect(await ask(server, 'GET', '/x/y')).toMatchObject({ route: null, allowed: null })
    expect(await ask(server, 'PUT', '/x/1')).toMatchObject({
      route: { pattern: '/x/{id:int}' },
      allowed: null,
      passed: true,
    })
  })

  test('say what their token is worth', async () => {
    await using server = await serve()
    const bearer = (expiresIn: number) =>
      `Bearer ${signJwt({ sub: 'ann', ...(expiresIn === 1 && { iat: 1 }) }, { secret, expiresIn })}`
    expect(await ask(server, 'DELETE', '/x/1', bearer(60))).toMatchObject({ auth: 'valid', user: 'ann' })
    expect(await ask(server, 'GET', '/nowhere', bearer(1))).toMatchObject({ auth: 'expired', user: null })
    expect(await ask(server, 'GET', '/nowhere', 'Bearer x')).toMatchObject({ auth: 'invalid' })
    await unit.kernel.setOption(server.api, REST_MIDDLEWARE, [{ name: 'basic-auth', users: { bob: 'one' } }])
    expect(await ask(server, 'GET', '/nowhere', `Basic ${btoa('bob:one')}`)).toMatchObject({
      auth: 'valid',
      user: 'bob',
    })
  })
})
