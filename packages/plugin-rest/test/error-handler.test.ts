import { HTTP_MAX_BODY_SIZE } from '@unisock/plugin-http/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ErrorHandling,
  isProblem,
  problem,
  REST_ADD_ROUTE,
  REST_CORS_CONFIG,
  REST_ERROR_HANDLER,
  REST_JWT_SECRET,
  REST_RATE_LIMIT,
  REST_ROUTER_CONFIG,
  type RestRequest,
  reply,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

describe.each(ISOLATIONS)('an error handler in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  type Set = (option: any, value: any) => void
  const serve = (errors: ErrorHandling, more: (set: Set) => void = () => {}, seen: Error[] = []) =>
    unit.serve(
      (api, kernel) => {
        const set: Set = (option, value) => void kernel.setOption(api, option, value)
        set(REST_ERROR_HANDLER, errors)
        set(REST_ADD_ROUTE, {
          method: 'GET',
          pattern: '/throws/{what}',
          handler: async ({ path_params: { what } }: RestRequest<any>) => {
            if (what === 'problem') throw problem(404, 'not there', { headers: { 'x-own': 'yes' } })
            if (what === 'late') await new Promise(resolve => setImmediate(resolve))
            throw new TypeError(`thrown: ${what}`)
          },
        })
        set(REST_ADD_ROUTE, {
          method: 'POST',
          pattern: '/orders/{id:int}',
          limits: { body: 10 },
          openapi: {
            operationId: 'order',
            body: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } },
          },
          handler: () => 'it',
        })
        more(set)
      },
      undefined,
      error => void seen.push(error),
    )

  const describeError = (error: unknown, request: RestRequest) =>
    reply({
      status: isProblem(error) ? error.status : 599,
      headers: { 'x-handled': 'yes' },
      body: [
        isProblem(error) ? error.document.detail : (error as Error).message,
        request.method,
        request.path,
        request.route_match?.pattern ?? null,
        request.validation_results.length,
      ],
    })

  test('answers for what handlers throw, problems too, and nothing is reported', async () => {
    const seen: Error[] = []
    await using server = await serve(describeError, undefined, seen)
    for (const [path, status, message] of [
      ['/throws/error', 599, 'thrown: error'],
      ['/throws/late', 599, 'thrown: late'],
      ['/throws/problem', 404, 'not there'],
    ] as const) {
      const answer = await server.fetch(path)
      expect([answer.status, answer.body]).toEqual([status, [message, 'GET', path, '/throws/{what}', 0]])
    }
    expect(seen).toEqual([])
  })

  test('that gives undefined leaves the answer as it would be, and a problem that it gives or throws is one', async () => {
    const seen: Error[] = []
    await using server = await serve(
      async (error, { path_params }) => {
        if (path_params.what === 'gives') return problem(409, 'given')
        if (path_params.what === 'rethrows') throw problem(410, `instead of ${(error as Error).message}`)
        return undefined
      },
      undefined,
      seen,
    )
    const given = await server.fetch('/throws/gives')
    expect([given.status, given.body.detail]).toEqual([409, 'given'])
    expect((await server.fetch('/throws/rethrows')).body.detail).toBe('instead of thrown: rethrows')
    const left = await server.fetch('/throws/problem')
    expect([left.status, left.headers.get('x-own'), left.body.detail]).toEqual([404, 'yes', 'not there'])
    expect(seen).toEqual([])
    const other = await server.fetch('/throws/error')
    expect([other.status, JSON.stringify(other.body)]).toEqual([500, expect.not.stringContaining('thrown')])
    expect(seen.map(({ message }) => message)).toEqual(['thrown: error'])
  })

  test('that fails or gives something else answers 500, and both errors are reported', async () => {
    const seen: Error[] = []
    await using server = await serve(
      (_error, { path_params }) => {
        if (path_params.what === 'fails') throw new Error('the handler of errors failed')
        return { any: 'thing' } as never
      },
      undefined,
      seen,
    )
    expect((await server.fetch('/throws/fails')).status).toBe(500)
    expect((await server.fetch('/throws/other')).status).toBe(500)
    expect(seen.map(({ message }) => message)).toEqual([
      'the handler of errors failed',
      'thrown: fails',
      expect.stringContaining('REST_ERROR_HANDLER gave neither'),
      'thrown: other',
    ])
  })

  test('may be the name of a handler, and change while it listens', async () => {
    await using server = await serve('errors', set =>
      set(REST_ROUTER_CONFIG, { handlers: { errors: () => reply({ status: 502, body: 'named' }) } }),
    )
    expect((await server.fetch('/throws/error')).status).toBe(502)
    await unit.kernel.setOption(server.api, REST_ERROR_HANDLER, () => problem(503))
    expect((await server.fetch('/throws/error')).status).toBe(503)
    await unit.kernel.setOption(server.api, REST_ERROR_HANDLER, false)
    expect((await server.fetch('/throws/error')).status).toBe(500)
  })

  test('does not hear of what the worker refuses', async () => {
    await using server = await serve(describeError)
    const answers = [await server.fetch('/nowhere'), await server.fetch('/throws/x', { method: 'DELETE' })]
    expect(answers.map(({ status, headers }) => [status, headers.get('x-handled')])).toEqual([
      [404, null],
      [405, null],
    ])
  })

  test('hears of what the worker refuses where it wants to', async () => {
    await using server = await serve({ handler: describeError, worker: true }, set => {
      set(REST_JWT_SECRET, 'a secret that is as long as RFC 7518 asks for')
      set(REST_ROUTER_CONFIG, { auth: 'none' })
      set(REST_ADD_ROUTE, { method: 'GET', pattern: '/secret', auth: 'required', handler: () => 'it' })
      set(REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/limited',
        rateLimit: { max: 1, window: 600 },
        handler: () => 'it',
      })
      set(REST_CORS_CONFIG, { origins: '*' })
    })
    const order = '/orders/7'
    const cases: [number, unknown, Promise<{ status: number; headers: Headers; body: any }>][] = [
      [404, [null, 'GET', '/nowhere', null, 0], server.fetch('/nowhere')],
      [
        405,
        ['There is GET, HEAD here.', 'DELETE', '/secret', null, 0],
        server.fetch('/secret', { method: 'DELETE' }),
      ],
      [401, ['A bearer token is required', 'GET', '/secret', '/secret', 0], server.fetch('/secret')],
      [400, [expect.any(String), 'POST', order, '/orders/{id:int}', 1], server.send('POST', order, {})],
      [
        413,
        [expect.any(String), 'POST', order, '/orders/{id:int}', 0],
        server.send('POST', order, { n: 'long enough' }),
      ],
      [
        415,
        [expect.any(String), 'POST', order, '/orders/{id:int}', 0],
        server.send('POST', order, 'x', 'image/png'),
      ],
    ]
    for (const [status, body, asked] of cases) {
      const answer = await asked
      expect([answer.status, answer.body, answer.headers.get('x-handled')]).toEqual([status, body, 'yes'])
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    }
    await server.fetch('/limited')
    const limited = await server.fetch('/limited')
    expect([limited.status, limited.headers.get('ratelimit')]).toEqual([429, expect.stringContaining('r=0')])
    expect((await server.fetch('/throws/error')).status).toBe(599)
  })

  test('that leaves a refusal alone leaves it as the worker would have it', async () => {
    await using server = await serve({ handler: () => undefined, worker: true }, set => {
      set(REST_RATE_LIMIT, { max: 2, window: 600 })
      set(HTTP_MAX_BODY_SIZE, 20)
    })
    const refused = await server.fetch('/throws/x', { method: 'DELETE' })
    expect([refused.status, refused.headers.get('allow'), refused.headers.get('content-type')]).toEqual([
      405,
      'GET, HEAD',
      'application/problem+json',
    ])
    expect(refused.body).toEqual({
      type: 'about:blank',
      title: 'Method Not Allowed',
      status: 405,
      detail: 'There is GET, HEAD here.',
    })
    expect((await server.send('POST', '/orders/7', { n: 'x'.repeat(100) })).status).toBe(413)
    const limited = await server.fetch('/nowhere')
    expect([limited.status, limited.headers.get('retry-after'), limited.body['violated-policies']]).toEqual([
      429,
      expect.stringMatching(/^\d+$/),
      ['default'],
    ])
  })
})
