import { generateKeyPairSync } from 'node:crypto'
import { HTTP_HEALTH_PATH } from '@unisock/plugin-http/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_ROUTER_CONFIG,
  type RestRequest,
  type RouteAuth,
  signJwt,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

const secret = 'a secret that is as long as RFC 7518 asks for'
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const token = (claims: object = {}) => bearer(signJwt({ sub: 'ann', ...claims }, { secret, expiresIn: 60 }))
const expired = bearer(signJwt({ sub: 'ann', iat: 1 }, { secret, expiresIn: 1 }))
const who = (request: RestRequest<any>) => [
  request.auth_status,
  request.auth?.claims.sub ?? null,
  request.validation_passed,
]

describe.each(ISOLATIONS)('tokens in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  const serve = (auth?: RouteAuth, more: object = {}) =>
    unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_JWT_SECRET, secret)
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/x',
        handler: who,
        ...(auth && { auth }),
        ...more,
      })
    })

  test('once a key is set every route needs a valid token', async () => {
    await using server = await serve()
    expect((await server.fetch('/x', token())).body).toEqual(['valid', 'ann', true])
    const none = await server.fetch('/x')
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(none.headers.get('content-type')).toBe('application/problem+json')
    const late = await server.fetch('/x', expired)
    expect(late.status).toBe(401)
    expect(late.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="The token has expired"',
    )
    for (const bad of ['x', 'a.b.c', `${part({ alg: 'none' })}.${part({ sub: 'ann' })}.`])
      expect((await server.fetch('/x', bearer(bad))).headers.get('www-authenticate')).toContain(
        'error="invalid_token"',
      )
    expect((await server.fetch('/x', { headers: { authorization: 'Basic YTpi' } })).status).toBe(401)
  })

  test('a route for anybody looks at no token, an optional one says what it was worth', async () => {
    await using open = await serve('none')
    expect((await open.fetch('/x', expired)).body).toEqual(['none', null, true])
    await using optional = await serve('optional')
    expect((await optional.fetch('/x')).body).toEqual(['none', null, true])
    expect((await optional.fetch('/x', token())).body).toEqual(['valid', 'ann', true])
    expect((await optional.fetch('/x', expired)).body).toEqual(['expired', null, true])
    expect((await optional.fetch('/x', bearer('x'))).body).toEqual(['invalid', null, true])
  })

  test('one of the roles is needed, and all of the scopes', async () => {
    await using roles = await serve({ roles: ['admin', 'wizard'] })
    expect((await roles.fetch('/x', token({ roles: ['player', 'wizard'] }))).status).toBe(200)
    expect((await roles.fetch('/x', token({ role: 'admin' }))).status).toBe(200)
    expect((await roles.fetch('/x')).status).toBe(401)
    const forbidden = await roles.fetch('/x', token({ roles: ['player'] }))
    expect([forbidden.status, forbidden.headers.get('www-authenticate')]).toEqual([
      403,
      'Bearer error="insufficient_scope"',
    ])
    await using scopes = await serve({ scopes: ['rooms:read', 'rooms:write'] })
    expect((await scopes.fetch('/x', token({ scope: 'rooms:write other rooms:read' }))).status).toBe(200)
    expect((await scopes.fetch('/x', token({ scope: 'rooms:read' }))).status).toBe(403)
  })

  test('a handler that wants faulty requests is told what the token was worth', async () => {
    await using server = await serve({ roles: ['admin'] }, { onInvalid: 'pass' })
    expect((await server.fetch('/x')).body).toEqual(['none', null, false])
    expect((await server.fetch('/x', expired)).body).toEqual(['expired', null, false])
    expect((await server.fetch('/x', bearer('x'))).body).toEqual(['invalid', null, false])
    expect((await server.fetch('/x', token())).body).toEqual(['forbidden', 'ann', false])
    expect((await server.fetch('/x', token({ role: 'admin' }))).body).toEqual(['valid', 'ann', true])
  })

  test('documentation and health need no token', async () => {
    await using server = await serve()
    await unit.kernel.setOption(server.api, REST_DOCS_PATH, '/docs')
    await unit.kernel.setOption(server.api, HTTP_HEALTH_PATH, '/health')
    expect((await server.fetch('/docs')).status).toBe(200)
    expect((await server.fetch('/docs/json')).body.components.securitySchemes).toEqual({
      bearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    })
    expect((await server.fetch('/health')).body).toEqual({ status: 'ok' })
  })

  test('the router says what holds for routes that do not', async () => {
    await using server = await serve()
    await unit.kernel.setOption(server.api, REST_ROUTER_CONFIG, { auth: 'none' })
    expect((await server.fetch('/x')).status).toBe(200)
  })

  test('another key applies to new requests, one that does not fit changes nothing', async () => {
    await using server = await serve()
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
    const misfit = unit.kernel.setOption(server.api, REST_JWT_SECRET, {
      publicKey: pem,
      algorithms: ['HS256'],
    })
    await expect(misfit).rejects.toMatchObject({ code: 'EINVAL', message: expect.stringContaining('ES256') })
    expect((await server.fetch('/x', token())).status).toBe(200)
    await unit.kernel.setOption(server.api, REST_JWT_SECRET, { publicKey: pem })
    expect((await server.fetch('/x', token())).status).toBe(401)
    const signed = signJwt(
      { sub: 'bo' },
      { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, expiresIn: 60 },
    )
    expect((await server.fetch('/x', bearer(signed))).body).toEqual(['valid', 'bo', true])
    expect(unit.kernel.getOption(server.api, REST_JWT_SECRET)).toBe('[redacted]')
  })

  test('a route that asks for a token while there is no key lets nobody in', async () => {
    await using server = await unit.routes({
      method: 'GET',
      pattern: '/x',
      handler: who,
      auth: { roles: ['admin'] },
    })
    expect((await server.fetch('/x', token({ role: 'admin' }))).status).toBe(401)
    expect(unit.log.some(({ message }) => message.startsWith('GET /x asks for a token'))).toBe(true)
  })

  test('a short secret is accepted with one warning', async () => {
    unit.log.length = 0
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_JWT_SECRET, 'secret_key')
      void kernel.setOption(api, REST_JWT_SECRET, 'secret_key_2')
      void kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/x', handler: who })
    })
    const short = bearer(signJwt({ sub: 'ann' }, { secret: 'secret_key_2', expiresIn: 60 }))
    expect((await server.fetch('/x', short)).status).toBe(200)
    expect(unit.log.filter(({ message }) => message.includes('32 bytes'))).toHaveLength(1)
    expect(JSON.stringify(unit.log)).not.toContain('secret_key')
  })
})
