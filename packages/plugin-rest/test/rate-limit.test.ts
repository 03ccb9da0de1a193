import type { Store } from '@unisock/kernel/plugin'
import { APACHE_PROXY_ENABLE, CACHE_ENABLE } from '@unisock/plugin-http/core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type RateLimits,
  REST_ADD_ROUTE,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_RATE_LIMIT,
  REST_ROUTER_CONFIG,
  type RestRateLimit,
  reply,
  signJwt,
} from '../src/index.ts'
import { RateLimiter } from '../src/middleware/worker/rate-limiter.ts'
import { ISOLATIONS, TestKernel, type TestServer } from './support/server.ts'

const secret = 'a secret that is as long as RFC 7518 asks for'

type Set = (option: any, value: any) => void
const serveIn = (unit: TestKernel, limits: RateLimits | false, more: (set: Set) => void = () => {}) =>
  unit.serve((api, kernel) => {
    void kernel.setOption(api, REST_RATE_LIMIT, limits)
    const set: Set = (option, value) => void kernel.setOption(api, option, value)
    for (const pattern of ['/x', '/y']) set(REST_ADD_ROUTE, { method: 'GET', pattern, handler: () => 'it' })
    more(set)
  })
const statuses = async (
  server: TestServer,
  ...requests: [path: string, headers?: Record<string, string>][]
) => {
  const all: number[] = []
  for (const [path, headers = {}] of requests) all.push((await server.fetch(path, { headers })).status)
  return all
}

describe.each(ISOLATIONS)('a rate limit in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  test('tells clients how they stand, refuses those over it with 429, and logs each once', async () => {
    await using server = await serveIn(unit, { max: 2, window: 60, policy: 'burst', legacy: true })
    const before = unit.log.length
    const first = await server.fetch('/x')
    expect([first.status, first.headers.get('ratelimit-policy')]).toEqual([200, '"burst";q=2;w=60'])
    expect(first.headers.get('ratelimit')).toMatch(/^"burst";r=1;t=(59|60)$/)
    expect([
      first.headers.get('x-ratelimit-limit'),
      first.headers.get('x-ratelimit-remaining'),
      first.headers.get('retry-after'),
    ]).toEqual(['2', '1', null])
    expect(await statuses(server, ['/y'], ['/x'])).toEqual([200, 429])
    const over = await server.fetch('/y')
    expect(over.headers.get('content-type')).toBe('application/problem+json')
    expect(over.headers.get('ratelimit')).toMatch(/^"burst";r=0;t=/)
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(50)
    expect(over.body).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Too Many Requests',
      status: 429,
      'violated-policies': ['burst'],
    })
    const lines = unit.log.slice(before).filter(({ message }) => message.includes('rate limit'))
    expect(lines.map(({ level, details }) => [level, details.policy])).toEqual([['info', 'burst']])
  })

  test('goes on counting when routes and other options change', async () => {
    await using server = await serveIn(unit, { max: 2, window: 60 })
    await statuses(server, ['/x'])
    await unit.kernel.setOption(server.api, REST_ADD_ROUTE, {
      method: 'GET',
      pattern: '/z',
      handler: () => 'z',
    })
    expect(await statuses(server, ['/z'], ['/z'])).toEqual([200, 429])
    await unit.kernel.setOption(server.api, REST_RATE_LIMIT, { max: 3, window: 60 })
    expect(await statuses(server, ['/x'])).toEqual([200])
    await unit.kernel.setOption(server.api, REST_RATE_LIMIT, false)
    expect((await server.fetch('/x')).headers.get('ratelimit')).toBeNull()
  })
})

describe('a rate limit', () => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start('inline')
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  test('counts what no route takes as well, and hits of the cache', async () => {
    let asked = 0
    await using server = await serveIn(unit, { max: 4, window: 60 }, set => {
      set(CACHE_ENABLE, true)
      set(REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/cached',
        handler: () => {
          asked++
          return reply({ headers: { 'cache-control': 'max-age=60' }, body: 'it' })
        },
      })
    })
    const cached: [string] = ['/cached']
    expect(await statuses(server, ['/nowhere'], cached, cached, cached, cached)).toEqual([
      404, 200, 200, 200, 429,
    ])
    expect(asked).toBe(1)
  })

  test('of a route counts for itself, and false takes it away', async () => {
    await using server = await serveIn(unit, { max: 1, window: 60 }, set => {
      set(REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/own',
        rateLimit: { max: 2, window: 60, policy: 'own' },
        handler: () => 'it',
      })
      set(REST_ADD_ROUTE, { method: 'GET', pattern: '/free', rateLimit: false, handler: () => 'it' })
    })
    expect(await statuses(server, ['/x'], ['/x'], ['/own'], ['/own'], ['/own'])).toEqual([
      200, 429, 200, 200, 429,
    ])
    expect(await statuses(server, ['/free'], ['/free'])).toEqual([200, 200])
  })

  test('per route counts each route', async () => {
    await using server = await serveIn(unit, { max: 1, window: 60, per: 'route' })
    expect(await statuses(server, ['/x'], ['/y'], ['/x'])).toEqual([200, 200, 429])
  })

  test('by user counts users wherever they are, and who is none by the address', async () => {
    await using server = await serveIn(unit, { max: 1, window: 60, key: 'user' }, set => {
      set(REST_JWT_SECRET, secret)
      set(REST_ROUTER_CONFIG, { auth: 'optional' })
    })
    const as = (sub: string) => ({ authorization: `Bearer ${signJwt({ sub }, { secret, expiresIn: 60 })}` })
    expect(await statuses(server, ['/x', as('ann')], ['/x', as('bob')], ['/x', as('ann')])).toEqual([
      200, 200, 429,
    ])
    expect(await statuses(server, ['/nowhere'], ['/nowhere'])).toEqual([404, 429])
    expect(await statuses(server, ['/x'])).toEqual([429])
  })

  test('by user counts attempts to get in before it says that they were in vain', async () => {
    await using server = await serveIn(unit, { max: 2, window: 60, key: 'user' }, set => {
      set(REST_MIDDLEWARE, [{ name: 'basic-auth', users: { ann: 'one' } }])
    })
    const guess = { authorization: `Basic ${btoa('ann:two')}` }
    expect(await statuses(server, ['/x', guess], ['/x', guess], ['/x', guess])).toEqual([401, 401, 429])
    expect(await statuses(server, ['/x', { authorization: `Basic ${btoa('ann:one')}` }])).toEqual([200])
  })

  test('by header counts its values, and requests without it by the address', async () => {
    await using server = await serveIn(unit, { max: 1, window: 60, key: { header: 'X-Api-Key' } })
    expect(
      await statuses(
        server,
        ['/x', { 'x-api-key': 'a' }],
        ['/x', { 'x-api-key': 'b' }],
        ['/x', { 'x-api-key': 'a' }],
      ),
    ).toEqual([200, 200, 429])
    expect(await statuses(server, ['/x'], ['/x'])).toEqual([200, 429])
  })

  test('counts the client that a trusted proxy names, and nobody else names one', async () => {
    const by = (client: string): [string, Record<string, string>] => ['/x', { 'x-forwarded-for': client }]
    await using trusting = await serveIn(unit, { max: 1, window: 60 }, set => set(APACHE_PROXY_ENABLE, true))
    expect(await statuses(trusting, by('192.0.2.1'), by('192.0.2.2'), by('192.0.2.1'))).toEqual([
      200, 200, 429,
    ])
    await using alone = await serveIn(unit, { max: 1, window: 60 })
    expect(await statuses(alone, by('192.0.2.1'), by('192.0.2.2'))).toEqual([200, 429])
  })

  test('does not count who is allowed', async () => {
    await using server = await serveIn(unit, { max: 1, window: 60, allow: ['127.0.0.0/8'] })
    expect(await statuses(server, ['/x'], ['/x'])).toEqual([200, 200])
    expect((await server.fetch('/x')).headers.get('ratelimit')).toBeNull()
  })

  test('of several holds each', async () => {
    await using server = await serveIn(unit, [
      { max: 2, window: 1000, policy: 'burst' },
      { max: 3, window: 2000, policy: 'day', key: { header: 'x-key' } },
    ])
    const { headers } = await server.fetch('/x')
    expect(headers.get('ratelimit-policy')).toBe('"burst";q=2;w=1000, "day";q=3;w=2000')
    expect(headers.get('ratelimit')).toMatch(/^"burst";r=1;t=\d+, "day";r=2;t=\d+$/)
    expect(await statuses(server, ['/x'], ['/x'])).toEqual([200, 429])
  })

  test('by its name alone is a hundred a minute', async () => {
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_MIDDLEWARE, ['rate-limit'])
    })
    expect((await server.fetch('/x')).headers.get('ratelimit-policy')).toBe('"default";q=100;w=60')
  })

  test.each<[string, unknown]>([
    ['no window', { max: 1 }],
    ['none at all', { max: 0, window: 1 }],
    ['an address that is none', { max: 1, window: 1, allow: ['10.0.0.0/33'] }],
    [
      'two of the same name',
      [
        { max: 1, window: 1 },
        { max: 2, window: 2 },
      ],
    ],
  ])('with %s is refused', async (_what, value) => {
    await using server = await serveIn(unit, false)
    const setting = unit.kernel.setOption(server.api, REST_RATE_LIMIT, value as RestRateLimit)
    await expect(setting).rejects.toMatchObject({ code: 'EINVAL' })
  })
})

describe('counting', () => {
  const limiter = (
    limit: Partial<RestRateLimit>,
    clock: { now: number },
    store?: Partial<Store>,
    onError: (error: Error) => void = () => {},
  ) =>
    new RateLimiter({
      limit: { max: 2, window: 10, ...limit },
      name: 'test/',
      store: store as Store | undefined,
      onError,
      now: () => clock.now,
    })

  test('begins anew when the window has ended', () => {
    const clock = { now: 1000 }
    const { take } = bound(limiter({}, clock))
    expect([take('a'), take('a'), take('a')]).toMatchObject([
      { exceeded: false, remaining: 1, reset: 10 },
      { exceeded: false, remaining: 0 },
      { exceeded: true, first: true },
    ])
    clock.now = 10_999
    expect(take('a')).toMatchObject({ exceeded: true, first: false, reset: 1 })
    clock.now = 11_000
    expect(take('a')).toMatchObject({ exceeded: false, remaining: 1, reset: 10 })
  })

  test('is bounded however many clients there are', () => {
    const clock = { now: 0 }
    const counting = limiter({}, clock)
    for (let i = 0; i < 60_000; i++) void counting.take(`client ${i}`)
    expect(counting.size).toBe(50_000)
  })

  test('tells the store of as many clients as it counts, however many there are', async () => {
    vi.useFakeTimers()
    using _ = { [Symbol.dispose]: () => vi.useRealTimers() }
    const clock = { now: 0 }
    const told = new Set<string>()
    const counting = limiter({}, clock, {
      add: async () => ({ total: 0, expiresIn: undefined }),
      batch: async (calls: readonly (readonly unknown[])[]) => {
        for (const [, client] of calls) told.add(client as string)
        return [] as never
      },
    } as unknown as Store)
    const flood = async (name: string) => {
      const standings = Array.from({ length: 60_000 }, (_, i) => counting.take(`${name} ${i}`))
      expect(await Promise.all(standings)).not.toContainEqual(expect.objectContaining({ exceeded: true }))
      await vi.advanceTimersByTimeAsync(100)
    }
    await flood('one')
    expect(told.size).toBe(50_000)
    clock.now = 10_000
    await flood('another')
    expect(told.size).toBe(100_000)
  })

  test.each([
    ['fails', () => Promise.reject(new Error('lost')), 'lost'],
    ['does not answer', () => new Promise<never>(() => {}), 'the store does not answer'],
  ])('goes on without a store that %s', async (_what, add, message) => {
    vi.useFakeTimers()
    using _ = { [Symbol.dispose]: () => vi.useRealTimers() }
    const errors: string[] = []
    const batch = async () => [] as never
    const counting = limiter({}, { now: 0 }, { add, batch }, error => void errors.push(error.message))
    const standings = [counting.take('a'), counting.take('a')]
    await vi.advanceTimersByTimeAsync(1000)
    expect(await Promise.all(standings)).toMatchObject([{ remaining: 1 }, { remaining: 0 }])
    expect(counting.take('a')).toMatchObject({ exceeded: true })
    expect(errors).toEqual([message])
  })

  test('goes by the network of an IPv6 address', () => {
    const counting = limiter({}, { now: 0 })
    const client = (address: string) =>
      counting.clientOf({ headers: {} } as never, { address, port: 1, family: 'IPv6' }, undefined)
    expect(client('2001:db8:1:2::1')).toBe(client('2001:db8:1:2:ffff::'))
    expect(client('2001:db8:1:2::1')).not.toBe(client('2001:db8:1:3::1'))
  })

  function bound(counting: RateLimiter) {
    return { take: (client: string) => counting.take(client) }
  }
})

test('what was counted outlives the worker where there is a keeper', async () => {
  await using unit = await TestKernel.start('process', { keeper: {} })
  await using server = await serveIn(unit, { max: 3, window: 600 }, set => {
    set(REST_MIDDLEWARE, [
      'helmet',
      async (_request: unknown, next: () => Promise<unknown>) => `(${await next()})`,
    ])
    set(REST_ADD_ROUTE, { method: 'POST', pattern: '/x', handler: ({ body }: { body: string }) => body })
  })
  // Its body waits until the store has been asked.
  const first = await server.send('POST', '/x', 'a body', 'text/plain')
  expect([first.status, first.body]).toEqual([200, '(a body)'])
  expect(await statuses(server, ['/x'])).toEqual([200])
  const limits = async () => JSON.stringify(await unit.kernel.inspect())
  await expect.poll(limits).toContain('"unsaved":0')
  const { workers } = await unit.kernel.inspect()
  process.kill(workers[0]!.inside!.pid, 'SIGKILL')
  await expect.poll(() => unit.kernel.metrics().workers.rest!.restarts).toBe(1)
  const next = () => server.fetch('/x').catch(() => undefined)
  let answer = await next()
  while (!answer) answer = await next()
  expect(answer.headers.get('ratelimit')).toMatch(/^"default";r=0;t=/)
  expect([answer.body, answer.headers.get('x-frame-options')]).toEqual(['(it)', 'SAMEORIGIN'])
  expect(await statuses(server, ['/x'])).toEqual([429])
})
