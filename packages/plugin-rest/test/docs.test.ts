import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_OPENAPI_INFO,
  REST_VALIDATION_SCHEMA,
  route,
} from '../src/index.ts'
import { ISOLATIONS, TestKernel, type TestServer } from './support/server.ts'

const require = createRequire(createRequire(import.meta.url).resolve('@fastify/swagger'))
const { parse } = require('yaml') as { parse(text: string): unknown }

describe.each(ISOLATIONS)('documentation in a %s worker', isolation => {
  let unit: TestKernel
  beforeAll(async () => {
    unit = await TestKernel.start(isolation)
  })
  afterAll(() => unit[Symbol.asyncDispose]())

  const serve = (): Promise<TestServer> =>
    unit.serve((api, kernel) => {
      void kernel.setOption(api, REST_OPENAPI_INFO, {
        title: 'Realm',
        version: '1.2.3',
        base_path: '/api',
        tags: [{ name: 'users' }],
      })
      void kernel.setOption(api, REST_VALIDATION_SCHEMA, {
        schemas: { User: { id: { type: 'integer' } } } as any,
      })
      void kernel.setOption(api, REST_DOCS_PATH, '/docs')
      const get = route({
        method: 'GET',
        pattern: '/users/{id:int}',
        handler: () => 1,
        openapi: { tags: ['users'], responses: { 200: { description: 'Found', schema: { $ref: 'User' } } } },
      })
      void kernel.setOption(api, REST_ADD_ROUTE, get)
    })

  test('the page and everything it loads come from here', async () => {
    await using server = await serve()
    const page = await server.fetch('/docs')
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self'")
    expect(page.body).toContain('<title>Realm</title>')
    const urls = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url as string)
    expect(urls.length).toBeGreaterThan(4)
    for (const url of urls) {
      expect(url.startsWith('/docs/')).toBe(true)
      expect((await server.fetch(url)).status).toBe(200)
    }
    const start = await server.fetch('/docs/static/swagger-initializer.js')
    expect(start.body).toContain('"validatorUrl":null')
    expect(start.body.replace(/^ *\/\/.*$/gm, '')).not.toMatch(/https?:\/\//)
    expect((await server.fetch('/docs/nothing')).status).toBe(404)
    expect((await server.fetch('/docsx')).status).toBe(404)
  })

  test('the document is there as JSON and as YAML', async () => {
    await using server = await serve()
    const { body } = await server.fetch('/docs/json')
    expect(body).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Realm', version: '1.2.3' },
      servers: [{ url: '/api' }],
      tags: [{ name: 'users' }],
      components: { schemas: { User: { type: 'object', properties: { id: { type: 'integer' } } } } },
    })
    expect(body.paths['/users/{id}'].get.responses['200']).toEqual({
      description: 'Found',
      content: { 'application/json': { schema: { $ref: '#/components/schemas/User' } } },
    })
    expect(parse((await server.fetch('/docs/yaml')).body)).toEqual(body)
  })

  test('it follows routes that are added later', async () => {
    await using server = await serve()
    await server.fetch('/docs/json')
    await unit.kernel.setOption(server.api, REST_ADD_ROUTE, {
      method: 'POST',
      pattern: '/users',
      handler: () => 1,
    })
    await unit.kernel.setOption(server.api, REST_DOCS_PATH, '/help')
    expect(Object.keys((await server.fetch('/help/json')).body.paths)).toEqual(['/users/{id}', '/users'])
    expect((await server.fetch('/docs')).status).toBe(404)
  })
})
