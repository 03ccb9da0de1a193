import type { Fd, Kernel } from '@unisock/kernel'
import { SO_LINGER, TLS_CERTIFICATE } from '@unisock/kernel/plugin'
import { HTTP_TIMEOUT } from '@unisock/plugin-http/core'
import { expectTypeOf, test } from 'vitest'
import {
  type Middleware,
  type Params,
  REST_ADD_ROUTE,
  REST_CORS_CONFIG,
  REST_ERROR_HANDLER,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_RATE_LIMIT,
  REST_ROUTER_CONFIG,
  REST_SERVER,
  type RestExchange,
  type RestRequest,
  reply,
  route,
} from '../src/index.ts'

test('path parameters follow from the pattern', () => {
  expectTypeOf<Params<'/users/{id}'>>().toEqualTypeOf<{ id: string }>()
  expectTypeOf<Params<'/users/{id:int}/{key:uuid}/{rest*}'>>().toEqualTypeOf<{
    id: number
    key: string
    rest: string
  }>()
  expectTypeOf<keyof Params<'/users'>>().toEqualTypeOf<never>()
  expectTypeOf<Params<string>>().toEqualTypeOf<Record<string, string | number>>()
  route({
    method: 'GET',
    pattern: '/users/{id:int}/{name}',
    handler: request => {
      expectTypeOf(request.path_params).toEqualTypeOf<{ id: number; name: string }>()
      expectTypeOf(request.body).toEqualTypeOf<unknown>()
      expectTypeOf(request.fd).toEqualTypeOf<Fd<RestExchange>>()
      // @ts-expect-error the pattern has no such parameter
      return request.path_params.other
    },
  })
})

test('a handler may name the type of its body', () => {
  interface NewUser {
    name: string
  }
  route({
    method: 'POST',
    pattern: '/users',
    handler: (request: RestRequest<object, NewUser>) => {
      expectTypeOf(request.body).toEqualTypeOf<NewUser>()
      return reply({ status: 201, body: request.body })
    },
  })
})

test('what does not fit is refused', () => {
  // @ts-expect-error no such method
  route({ method: 'FETCH', pattern: '/' })
  // @ts-expect-error no such key
  route({ method: 'GET', pattern: '/', path: '/' })
  // @ts-expect-error no such rule
  route({ method: 'GET', pattern: '/', auth: 'maybe' })
})

test('middleware of a route gets the path parameters of its pattern', () => {
  route({
    method: 'GET',
    pattern: '/users/{id:int}',
    middleware: [
      'cors',
      { name: 'etag', strength: 'strong' },
      async (request, next) => {
        expectTypeOf(request.path_params).toEqualTypeOf<{ id: number }>()
        expectTypeOf(next).toEqualTypeOf<() => Promise<unknown>>()
        return next()
      },
    ],
  })
  route({ method: 'GET', pattern: '/', middleware: false, cors: false, rateLimit: { max: 1, window: 1 } })
  // @ts-expect-error no such name
  route({ method: 'GET', pattern: '/', middleware: ['morgan'] })
  // @ts-expect-error passwords are in REST_MIDDLEWARE alone
  route({ method: 'GET', pattern: '/', middleware: [{ name: 'basic-auth', users: { ann: 'one' } }] })
})

/** Type-checked, never called. */
export function calls(kernel: Kernel): void {
  const api = kernel.create(REST_SERVER, (fd, request) => {
    expectTypeOf(request).toEqualTypeOf<RestRequest>()
    kernel.write(fd, { status: 404, body: request.method })
    kernel.write(request.fd, 'text')
    // @ts-expect-error a status is a number
    kernel.write(fd, { status: '404' })
  })
  void kernel.setOption(api, HTTP_TIMEOUT, 1000)
  void kernel.setOption(api, SO_LINGER, 1)
  void kernel.setOption(api, TLS_CERTIFICATE, 'cert.pem')
  void kernel.setOption(api, REST_JWT_SECRET, { secret: 's', issuer: 'realm' })
  void kernel.setOption(
    api,
    REST_ADD_ROUTE,
    route({ method: 'GET', pattern: '/{id:int}', handler: r => r.path_params.id }),
  )
  void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/', handler: 'named' })
  // @ts-expect-error handlers are functions
  void kernel.setOption(api, REST_ROUTER_CONFIG, { handlers: { a: 'b' } })
  // @ts-expect-error a number is no key
  void kernel.setOption(api, REST_JWT_SECRET, 7)
  const timed: Middleware = async (request, next) => [request.path, await next()]
  void kernel.setOption(api, REST_MIDDLEWARE, [
    'helmet',
    timed,
    { name: 'basic-auth', users: { ann: 'one' } },
    { name: 'rate-limit', max: 1, window: 60 },
  ])
  // @ts-expect-error no such name
  void kernel.setOption(api, REST_MIDDLEWARE, ['morgan'])
  // @ts-expect-error no such setting
  void kernel.setOption(api, REST_MIDDLEWARE, [{ name: 'helmet', hsts: true }])
  // @ts-expect-error a limit has a window
  void kernel.setOption(api, REST_RATE_LIMIT, { max: 1 })
  // @ts-expect-error somebody is allowed
  void kernel.setOption(api, REST_CORS_CONFIG, { credentials: true })
  void kernel.setOption(api, REST_ERROR_HANDLER, (_error, request) => reply({ body: request.path }))
  // @ts-expect-error an error's answer is a reply or a problem
  void kernel.setOption(api, REST_ERROR_HANDLER, () => 'text')
  // @ts-expect-error a listener cannot be written to
  kernel.write(api, { status: 200 })
}
