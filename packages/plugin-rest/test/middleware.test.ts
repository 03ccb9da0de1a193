import { HTTP_HEALTH_PATH } from '@unisock/plugin-http/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Middleware,
  type MiddlewareEntry,
  problem,
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_ROUTER_CONFIG,
  type RestRequest,
  type RouteMiddleware,
  reply,
  route,
  signJwt,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

const secret = 'a secret that is as long as RFC 7518 asks for'
const basic = (user: string, password: string) => ({
  headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` },
})
const echo = (request: RestRequest<any>) => ({ user: request.user ?? null, status: request.auth_status })

describe.each(ISOLATIONS)('functions around handlers in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  const serve = (
    middleware: MiddlewareEntry[],
    handler: (request: RestRequest<any>) => unknown = () => 'it',
  ) =>
    unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_MIDDLEWARE, middleware)
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/x/{id:int}', handler })
    })

  test('run in their order, the handler inside', async () => {
    const seen: string[] = []
    const around =
      (name: string): Middleware =>
      async (_request, next) => {
        seen.push(`${name} in`)
        const value = await next()
        seen.push(`${name} out`)
        return `${name}(${value})`
      }
    await using server = await serve([around('a'), around('b')], () => {
      seen.push('handler')
      return 'it'
    })
    expect((await server.fetch('/x/1')).body).toBe('a(b(it))')
    expect(seen).toEqual(['a in', 'b in', 'handler', 'b out', 'a out'])
  })

  test('that return nothing leave the answer as it is', async () => {
    await using server = await serve([
      async (_request, next) => {
        await next()
      },
      (_request, next) => void next(),
    ])
    expect((await server.fetch('/x/1')).body).toBe('it')
  })

  test('get what the handler gets, and may answer in its place', async () => {
    let handled = 0
    await using server = await serve(
      [
        request =>
          request.path_params.id === 7
            ? reply({ status: 418, body: request.route_match?.pattern })
            : undefined,
      ],
      () => ++handled,
    )
    const { status, body } = await server.fetch('/x/7')
    expect([status, body, handled]).toEqual([418, '/x/{id:int}', 0])
  })

  test('answer with the problem they throw, and see those of the handler', async () => {
    await using server = await serve(
      [
        async (_request, next) => {
          try {
            return await next()
          } catch (error) {
            throw problem(409, `instead of ${(error as Error).message}`)
          }
        },
      ],
      () => {
        throw problem(404, 'the first')
      },
    )
    const { status, body } = await server.fetch('/x/1')
    expect([status, body.detail]).toEqual([409, 'instead of the first'])
  })

  test("answer 500 for any other error, which goes to the socket's error handler", async () => {
    const errors: Error[] = []
    await using server = await unit.serve(
      (api, kernel) => {
        void kernel.setOption(api, REST_MIDDLEWARE, [
          () => {
            throw new TypeError('broken')
          },
        ])
        void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/', handler: () => 'it' })
      },
      undefined,
      error => void errors.push(error),
    )
    expect((await server.fetch('/')).status).toBe(500)
    expect(errors.map(({ message }) => message)).toEqual(['broken'])
  })

  test('may not call next twice', async () => {
    await using server = await serve([
      async (_request, next) => {
        await next()
        return next().catch((error: Error) => error.message)
      },
    ])
    expect((await server.fetch('/x/1')).body).toContain('twice')
  })

  test('run around the callback of the socket, which answers by write', async () => {
    await using server = await unit.serve(
      (api, kernel) => {
        void kernel.setOption(api, REST_MIDDLEWARE, [
          async (request, next) => {
            if (request.path === '/shut') throw problem(403)
            return next()
          },
        ])
        for (const pattern of ['/', '/shut'])
          void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern })
      },
      (fd, request) => void unit.kernel.write(fd, `written for ${request.path}`),
    )
    expect((await server.fetch('/')).body).toBe('written for /')
    expect((await server.fetch('/shut')).status).toBe(403)
  })

  test("of a route stand in place of the router's, and false means none", async () => {
    const mark =
      (name: string): Middleware =>
      async (_request, next) =>
        `${name}(${await next()})`
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_MIDDLEWARE, [mark('router')])
      const add = (pattern: string, middleware?: RouteMiddleware[] | false) =>
        void kernel.setOption(api, REST_ADD_ROUTE, {
          method: 'GET',
          pattern,
          handler: () => 'it',
          ...(middleware !== undefined && { middleware }),
        })
      add('/router')
      add('/own', [mark('own')])
      add('/none', false)
    })
    const bodies = await Promise.all(
      ['/router', '/own', '/none'].map(async path => (await server.fetch(path)).body),
    )
    expect(bodies).toEqual(['router(it)', 'own(it)', 'it'])
  })

  test('change for new requests while it listens, and those in flight keep theirs', async () => {
    const entered = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    await using server = await serve([
      async (_request, next) => {
        entered.resolve()
        await release.promise
        return `old(${await next()})`
      },
    ])
    const first = server.fetch('/x/1')
    await entered.promise
    await unit.kernel.setOption(server.api, REST_MIDDLEWARE, [
      async (_request, next) => `new(${await next()})`,
    ])
    expect((await server.fetch('/x/1')).body).toBe('new(it)')
    release.resolve()
    expect((await first).body).toBe('old(it)')
  })

  test('run for requests that are handed on without a route', async () => {
    await using server = await unit.serve(
      (api, kernel) => {
        void kernel.setOption(api, REST_ROUTER_CONFIG, { onInvalid: 'pass' })
        void kernel.setOption(api, REST_MIDDLEWARE, [
          request => (request.path === '/nowhere' ? { at: request.route_match ?? null } : undefined),
        ])
      },
      fd => void unit.kernel.write(fd, 'callback'),
    )
    expect((await server.fetch('/nowhere')).body).toEqual({ at: null })
  })

  test('names run in the worker, and password or token let in', async () => {
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_JWT_SECRET, secret)
      void kernel.setOption(api, REST_MIDDLEWARE, [
        'helmet',
        { name: 'basic-auth', users: { ann: 'secret: ü' }, realm: 'the api' },
      ])
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/x', handler: echo })
    })
    const shut = await server.fetch('/x')
    expect([shut.status, shut.headers.get('www-authenticate')]).toEqual([
      401,
      'Basic realm="the api", charset="UTF-8", Bearer',
    ])
    expect(shut.headers.get('x-content-type-options')).toBe('nosniff')
    expect((await server.fetch('/x', basic('ann', 'secret: ü'))).body).toEqual({
      user: 'ann',
      status: 'valid',
    })
    const token = signJwt({ sub: 'bob' }, { secret, expiresIn: 60 })
    const byToken = await server.fetch('/x', { headers: { authorization: `Bearer ${token}` } })
    expect(byToken.body).toEqual({ user: 'bob', status: 'valid' })
  })
})

describe('names', () => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start('inline')
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  const serve = (middleware: MiddlewareEntry[], more: object = {}) =>
    unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_MIDDLEWARE, middleware)
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/x', handler: echo, ...more })
    })

  test("helmet's fields are on every answer, with its settings, and the program's own win", async () => {
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_MIDDLEWARE, [
        { name: 'helmet', xFrameOptions: { action: 'deny' }, strictTransportSecurity: false },
      ])
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/x', handler: () => 'x' })
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/own',
        handler: () => reply({ headers: { 'x-frame-options': 'SAMEORIGIN' } }),
      })
      void kernel.setOption(api, REST_DOCS_PATH, '/docs')
      void kernel.setOption(api, HTTP_HEALTH_PATH, '/health')
    })
    for (const path of ['/x', '/nowhere', '/%ff']) {
      const { headers } = await server.fetch(path)
      expect([path, headers.get('x-frame-options'), headers.get('strict-transport-security')]).toEqual([
        path,
        'DENY',
        null,
      ])
      expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    }
    expect((await server.fetch('/own')).headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect((await server.fetch('/docs/json')).headers.get('x-frame-options')).toBeNull()
  })

  test('settings that helmet does not take refuse the option', async () => {
    await using server = await serve([])
    const wrong = unit.kernel.setOption(server.api, REST_MIDDLEWARE, [
      { name: 'helmet', referrerPolicy: { policy: 'sometimes' } },
    ])
    await expect(wrong).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('sometimes'),
    })
    expect((await server.fetch('/x')).status).toBe(200)
  })

  test.each([
    ['no password', {}, 401],
    ['the wrong password', basic('ann', 'wrong'), 401],
    ['the password of another user', basic('bob', 'one'), 401],
    ['a user there is none of', basic('eve', 'one'), 401],
    ['the name of a property of all objects', basic('constructor', 'one'), 401],
    ['no colon', { headers: { authorization: `Basic ${btoa('ann')}` } }, 401],
    ['no base64', { headers: { authorization: 'Basic ann:one' } }, 401],
    [
      'no UTF-8',
      { headers: { authorization: `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}` } },
      401,
    ],
    ['a control character', basic('ann', 'one\0'), 401],
    ['an empty Authorization', { headers: { authorization: 'Basic' } }, 401],
    ['another scheme', { headers: { authorization: 'Digest ann' } }, 401],
    ['the password', basic('ann', 'one'), 200],
    ['the password with colons', basic('bob', 'two:2'), 200],
    ['the scheme in small letters', { headers: { authorization: `basic ${btoa('ann:one')}` } }, 200],
  ])('basic-auth: %s', async (_what, init, status) => {
    await using server = await serve([{ name: 'basic-auth', users: { ann: 'one', bob: 'two:2' } }])
    const answer = await server.fetch('/x', init)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('www-authenticate')).toBe(
      status === 401 ? 'Basic realm="api", charset="UTF-8"' : null,
    )
  })

  test('basic-auth heeds what the route says of who gets in', async () => {
    const users: MiddlewareEntry[] = [{ name: 'basic-auth', users: { ann: 'one' } }]
    await using open = await serve(users, { auth: 'none' })
    expect((await open.fetch('/x')).body).toEqual({ user: null, status: 'none' })
    await using optional = await serve(users, { auth: 'optional' })
    expect((await optional.fetch('/x')).body).toEqual({ user: null, status: 'none' })
    expect((await optional.fetch('/x', basic('ann', 'two'))).body).toEqual({ user: null, status: 'invalid' })
    await using roles = await serve(users, { auth: { roles: ['admin'] } })
    expect((await roles.fetch('/x', basic('ann', 'one'))).status).toBe(403)
    await using pass = await serve(users, { onInvalid: 'pass' })
    expect((await pass.fetch('/x', basic('ann', 'two'))).body).toEqual({ user: null, status: 'invalid' })
  })

  test('basic-auth holds for routes with middleware of their own, and passwords are in no route', async () => {
    await using server = await serve([{ name: 'basic-auth', users: { ann: 'one' } }])
    const add = (own: object) =>
      unit.kernel.setOption(server.api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/own',
        handler: echo,
        ...own,
      })
    for (const middleware of [['helmet'], false] as const) {
      await add({ middleware })
      expect((await server.fetch('/own', basic('ann', 'one'))).body).toEqual({ user: 'ann', status: 'valid' })
      expect((await server.fetch('/own')).status).toBe(401)
    }
    const own = { middleware: [{ name: 'basic-auth', users: { ann: 'one' } }] }
    await expect(add(own)).rejects.toMatchObject({ code: 'EINVAL' })
  })

  test('are in the documentation: passwords, and that there may be too many requests', async () => {
    await using server = await serve([{ name: 'basic-auth', users: { ann: 'one' } }, 'rate-limit'])
    const add = (pattern: string, more: object) =>
      unit.kernel.setOption(server.api, REST_ADD_ROUTE, { method: 'GET', pattern, handler: echo, ...more })
    await add('/open', { auth: 'none', rateLimit: false })
    await add('/maybe', { auth: 'optional', middleware: false })
    await unit.kernel.setOption(server.api, REST_DOCS_PATH, '/docs')
    const { paths, components } = (await server.fetch('/docs/json')).body
    expect(components.securitySchemes).toEqual({ basicAuth: { type: 'http', scheme: 'basic' } })
    const said = ['/x', '/open', '/maybe'].map(path => [
      paths[path].get.security,
      Object.keys(paths[path].get.responses).filter(status => status >= '400'),
    ])
    expect(said).toEqual([
      [[{ basicAuth: [] }], ['401', '429']],
      [undefined, []],
      [[{ basicAuth: [] }, {}], []],
    ])
  })

  test('passwords read back redacted and are in no error', async () => {
    await using server = await serve([{ name: 'basic-auth', users: { ann: 'the password' } }])
    expect(unit.kernel.getOption(server.api, REST_MIDDLEWARE)).toBe('[redacted]')
    await expect(
      unit.kernel.setOption(server.api, REST_MIDDLEWARE, [
        { name: 'basic-auth', users: { ann: 'the password' }, realm: 'a"b' },
      ]),
    ).rejects.toMatchObject({ code: 'EINVAL', message: expect.not.stringContaining('the password') })
  })

  test('request-id gives every answer an id, and the handler too', async () => {
    await using server = await serve(['request-id'], { handler: (request: RestRequest<any>) => request.id })
    const { body, headers } = await server.fetch('/x')
    expect(body).toMatch(/^[0-9a-f]{8}-/)
    expect(headers.get('x-request-id')).toBe(body)
    expect((await server.fetch('/nowhere')).headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}-/)
  })

  test('etag and compress change answers on their way', async () => {
    const text = 'all work and no play '.repeat(200)
    await using server = await serve(['compress', 'etag'], { handler: () => text })
    const first = await server.fetch('/x', { headers: { 'accept-encoding': 'gzip' } })
    const tag = first.headers.get('etag')
    expect([first.body, first.headers.get('content-encoding')]).toEqual([text, 'gzip'])
    expect(tag).toMatch(/^W\//)
    const again = await server.fetch('/x', { headers: { 'if-none-match': tag! } })
    expect(again.status).toBe(304)
  })

  test.each<[string, unknown, RegExp]>([
    ['an unknown name', ['morgan'], /value\[0\]/],
    ['the same name twice', ['helmet', { name: 'helmet' }], /'helmet' is there twice/],
    ['passwords without users', [{ name: 'basic-auth' }], /users/],
    ['a user with a colon', [{ name: 'basic-auth', users: { 'a:b': 'x' } }], /users/],
    ['credentials from everywhere', [{ name: 'cors', origins: '*', credentials: true }], /credentials/],
    ['an address that is none', [{ name: 'rate-limit', max: 1, window: 1, allow: ['home'] }], /home/],
  ])('%s is refused', async (_what, value, message) => {
    await using server = await serve([])
    const setting = unit.kernel.setOption(server.api, REST_MIDDLEWARE, value as MiddlewareEntry[])
    await expect(setting).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringMatching(message) })
    const own = unit.kernel.setOption(
      server.api,
      REST_ADD_ROUTE,
      route({ method: 'GET', pattern: '/y', middleware: value as RouteMiddleware[] }),
    )
    await expect(own).rejects.toMatchObject({ code: 'EINVAL' })
  })
})
