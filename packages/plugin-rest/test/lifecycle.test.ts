import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get as getSecure } from 'node:https'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import { channels } from '@unisock/kernel'
import { TLS_CERTIFICATE, TLS_PRIVATE_KEY } from '@unisock/kernel/plugin'
import { HTTP_TIMEOUT } from '@unisock/plugin-http/core'
import { describe, expect, test, vi } from 'vitest'
import {
  REST_ADD_ROUTE,
  REST_ERROR_HANDLER,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_OPENAPI_INFO,
  REST_ROUTER_CONFIG,
  REST_VALIDATION_SCHEMA,
  type RestRequest,
  route,
  signJwt,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel } from './support/server.ts'

describe.each(ISOLATIONS)('a %s worker', isolation => {
  test('lets go of the functions of replaced routes and handlers', async () => {
    await using unit = await TestKernel.start(isolation)
    const { kernel } = unit
    await using server = await unit.routes()
    const count = () => kernel.metrics().functions
    const schema = { $id: 'https://example.org/x', type: 'object' }
    const x = (name: string) =>
      route({ method: 'POST', pattern: `/x/{${name}}`, handler: () => 1, openapi: { body: schema } })
    for (let n = 0; n < 20; n++) {
      void kernel.setOption(server.api, REST_ADD_ROUTE, x('a'))
      await kernel.setOption(server.api, REST_ADD_ROUTE, x('b'))
      await kernel.setOption(server.api, REST_ROUTER_CONFIG, { handlers: { a: () => 1, b: () => 2 } })
    }
    await vi.waitFor(() => expect(count()).toBe(3))
  })

  test('lets go of the functions around handlers and for errors that were replaced', async () => {
    await using unit = await TestKernel.start(isolation)
    const { kernel } = unit
    await using server = await unit.routes()
    for (let n = 0; n < 20; n++) {
      void kernel.setOption(server.api, REST_MIDDLEWARE, ['cors', () => 1, () => 2])
      void kernel.setOption(server.api, REST_ERROR_HANDLER, { handler: () => undefined, worker: true })
      await kernel.setOption(server.api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/x',
        middleware: [() => 3],
        handler: () => 4,
      })
    }
    await vi.waitFor(() => expect(kernel.metrics().functions).toBe(5))
    await kernel.setOption(server.api, REST_MIDDLEWARE, [])
    await kernel.setOption(server.api, REST_ERROR_HANDLER, false)
    await vi.waitFor(() => expect(kernel.metrics().functions).toBe(2))
  })

  test('lets go of them though clients left in the middle of their bodies', async () => {
    await using unit = await TestKernel.start(isolation)
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
    const x = () => route({ method: 'POST', pattern: '/x', handler: () => 1 })
    await using server = await unit.routes(x(), { method: 'GET', pattern: '/silent', handler: () => ask() })
    const socket = connect(server.addr.port, '127.0.0.1')
    socket.write('GET /silent HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.write('POST /x HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhalf')
    await asked
    await unit.kernel.setOption(server.api, REST_ADD_ROUTE, x())
    expect(unit.kernel.metrics().functions).toBe(3)
    socket.resetAndDestroy()
    await vi.waitFor(() => expect(unit.kernel.metrics().functions).toBe(2))
  })

  test('serves HTTPS when it has a certificate', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'unisock-rest-'))
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key]
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
    execFileSync('openssl', ['req', '-x509', ...curve, '-out', certificate, '-days', '2', ...names], {
      stdio: 'pipe',
    })
    await using unit = await TestKernel.start(isolation)
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, TLS_CERTIFICATE, certificate)
      void kernel.setOption(api, TLS_PRIVATE_KEY, key)
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/x',
        handler: () => ({ secure: true }),
      })
    })
    const ca = readFileSync(certificate)
    rmSync(directory, { recursive: true })
    const request = getSecure({ host: '127.0.0.1', port: server.addr.port, path: '/x', ca, agent: false })
    const [response] = await once(request, 'response')
    expect(await json(response)).toEqual({ secure: true })
  })

  test('answers 503 for a handler that does not, and says which request it was', async () => {
    await using unit = await TestKernel.start(isolation)
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, HTTP_TIMEOUT, 50)
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/never/{id}',
        handler: () => undefined,
      })
    })
    expect((await server.fetch('/never/1?secret=1')).status).toBe(503)
    await vi.waitFor(() =>
      expect(unit.log.map(line => line.message)).toContain('no answer in time: GET /never/1'),
    )
  })

  test('tells a handler when its client leaves, and the late answer reaches nobody', async () => {
    await using unit = await TestKernel.start(isolation)
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<RestRequest>()
    const { promise: left, resolve: leave } = Promise.withResolvers<void>()
    await using server = await unit.routes({
      method: 'GET',
      pattern: '/x',
      handler: async (request: RestRequest) => {
        arrive(request)
        await once(request.signal, 'abort')
        leave()
        return { late: true }
      },
    })
    const socket = connect(server.addr.port, '127.0.0.1')
    socket.write('GET /x HTTP/1.1\r\nHost: x\r\n\r\n')
    const { fd } = await arrived
    socket.destroy()
    await left
    expect(unit.kernel.write(fd, 'later still')).toBe(false)
  })
})

const childrenOf = () =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ')

test.skipIf(process.platform !== 'linux')(
  'a killed worker has all its routes, schemas and keys again',
  async () => {
    const before = new Set(childrenOf())
    await using unit = await TestKernel.start('process')
    const pid = childrenOf().find(child => !before.has(child))
    const secret = 'a secret that is as long as RFC 7518 asks for'
    await using server = await unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_OPENAPI_INFO, { title: 't', version: '1', base_path: '/api' })
      void kernel.setOption(api, REST_JWT_SECRET, secret)
      void kernel.setOption(api, REST_VALIDATION_SCHEMA, {
        schemas: { Name: { type: 'string', minLength: 2 } },
      })
      void kernel.setOption(api, REST_ROUTER_CONFIG, { handlers: { named: request => request.body } })
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'POST',
        pattern: '/x',
        handler: 'named',
        openapi: { body: { type: 'object', properties: { name: { $ref: 'Name' } } } },
      })
      void kernel.setOption(api, REST_ADD_ROUTE, {
        method: 'GET',
        pattern: '/x',
        auth: 'none',
        handler: () => 'x',
      })
    })
    const { promise: restarted, resolve } = Promise.withResolvers<unknown>()
    channels.restart.subscribe(resolve)
    process.kill(Number(pid), 'SIGKILL')
    await restarted
    channels.restart.unsubscribe(resolve)
    await vi.waitFor(async () => expect((await server.fetch('/api/x')).body).toBe('x'), { timeout: 5000 })
    const headers = { authorization: `Bearer ${signJwt({}, { secret, expiresIn: 60 })}` }
    const send = (body: object) => server.send('POST', '/api/x', body, 'application/json', headers)
    expect((await send({ name: 'ann' })).body).toEqual({ name: 'ann' })
    expect((await send({ name: 'a' })).status).toBe(400)
    expect((await server.send('POST', '/api/x', {})).status).toBe(401)
  },
)
