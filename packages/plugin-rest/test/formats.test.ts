import { gzipSync } from 'node:zlib'
import { CACHE_ENABLE, HTTP_COMPRESSION, HTTP_DECOMPRESS, HTTP_FORMATS } from '@unisock/plugin-http/core'
import { decode, encode } from 'cborg'
import { pack, unpack } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { REST_ADD_ROUTE, REST_DOCS_PATH, reply } from '../src/index.ts'
import type { AnyRoute } from '../src/route.ts'
import { ISOLATIONS, TestKernel, type TestServer } from './support/server.ts'

const MSGPACK = 'application/msgpack'
const CBOR = 'application/cbor'

const echo: AnyRoute = { method: 'POST', pattern: '/echo', handler: request => ({ got: request.body }) }
const strict: AnyRoute = {
  method: 'POST',
  pattern: '/typed',
  openapi: {
    body: { n: { type: 'integer', minimum: 1 } },
    responses: { 200: { schema: { type: 'object' } } },
  },
  handler: request => request.body,
}

function serving(test: TestKernel, ...routes: AnyRoute[]): Promise<TestServer> {
  return test.serve((api, kernel) => {
    void kernel.setOption(api, HTTP_FORMATS, true)
    for (const route of routes) void kernel.setOption(api, REST_ADD_ROUTE, route)
  })
}

async function ask(
  url: string,
  init: RequestInit,
): Promise<{ status: number; headers: Headers; bytes: Buffer }> {
  const response = await fetch(url, init)
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  }
}

describe.each(ISOLATIONS)('in a %s', isolation => {
  test('bodies and answers are in the media types of the client', async () => {
    await using kernel = await TestKernel.start(isolation)
    await using server = await serving(kernel, echo, strict)
    const value = { n: 7, list: [1.5, null, 'ä'] }
    for (const [type, write, read] of [
      [MSGPACK, pack, unpack],
      ['application/vnd.msgpack', pack, unpack],
      [CBOR, encode, decode],
    ] as const) {
      const { status, headers, bytes } = await ask(`${server.url}/echo`, {
        method: 'POST',
        body: write(value) as any,
        headers: { 'content-type': type, accept: `${type}, application/json;q=0.5` },
      })
      expect([status, headers.get('content-type'), headers.get('vary')]).toEqual([200, type, 'Accept'])
      expect(read(bytes)).toEqual({ got: value })
    }
  })
})

describe('bodies', () => {
  test('are validated like JSON', async () => {
    await using kernel = await TestKernel.start('inline')
    await using server = await serving(kernel, strict)
    const post = (value: unknown) => server.send('POST', '/typed', encode(value), CBOR)
    expect(await post({ n: '3' })).toMatchObject({ status: 200, body: { n: 3 } })
    expect(await post({ n: 0 })).toMatchObject({
      status: 400,
      body: { errors: [{ in: 'body', path: '/n' }] },
    })
  })

  test.each([
    ['what is none', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]), MSGPACK],
    ['what is cut off', Buffer.from([0x82, 0x61]), CBOR],
    ['nesting', Buffer.alloc(500, 0x91), MSGPACK],
    ['nesting', Buffer.alloc(500, 0x81), CBOR],
    ['nesting', Buffer.from('['.repeat(500) + ']'.repeat(500)), 'application/json'],
  ])('%s is 400', async (_title, body, type) => {
    await using kernel = await TestKernel.start('inline')
    await using server = await serving(kernel, echo)
    expect(await server.send('POST', '/echo', body, type)).toMatchObject({
      status: 400,
      body: { errors: [{ in: 'body', path: '' }] },
    })
  })

  test('may be nested as deep as the route says', async () => {
    await using kernel = await TestKernel.start('inline')
    await using server = await kernel.routes({ ...echo, limits: { depth: 500 } })
    const deep = '['.repeat(500) + ']'.repeat(500)
    expect((await server.send('POST', '/echo', deep)).status).toBe(200)
    expect((await server.send('POST', '/echo', `[${deep}]`)).status).toBe(400)
  })

  test('of other media types are 415, with those that are taken', async () => {
    await using kernel = await TestKernel.start('inline')
    await using server = await serving(kernel, echo, { ...strict, formats: false })
    const all = 'application/json, text/plain, application/msgpack, application/cbor'
    const unknown = await server.send('POST', '/echo', 'x', 'application/yaml')
    expect([unknown.status, unknown.headers.get('accept'), unknown.headers.get('accept-post')]).toEqual([
      415,
      all,
      all,
    ])
    const off = await server.send('POST', '/typed', encode({ n: 1 }), CBOR)
    expect([off.status, off.headers.get('accept-post')]).toEqual([415, 'application/json'])
  })

  test('without the option they are 415', async () => {
    await using kernel = await TestKernel.start('inline')
    await using server = await kernel.routes(echo)
    expect((await server.send('POST', '/echo', encode({}), CBOR)).status).toBe(415)
  })
})

describe('answers', () => {
  const get = (pattern: string, handler: AnyRoute['handler'], more: Partial<AnyRoute> = {}): AnyRoute => ({
    method: 'GET',
    pattern,
    handler: handler!,
    ...more,
  })

  test('that are no JSON stay what they are, and problems are JSON', async () => {
    await using kernel = await TestKernel.start('inline')
    await using server = await serving(
      kernel,
      get('/text', () => 'text'),
      get('/bytes', () => Buffer.from('bytes')),
      get('/own', () => reply({ headers: { 'content-type': 'application/geo+json' }, body: { a: 1 } })),
      get('/written', () => reply({ headers: { 'Content-Type': 'application/json' }, body: '{"a":1}' })),
    )
    const accept = { accept: `${CBOR}, */*;q=0.1` }
    for (const [path, type] of [
      ['/text', 'text/plain; charset=utf-8'],
      ['/bytes', 'application/octet-stream'],
      ['/own', 'application/geo+json'],
      ['/none', 'application/problem+json'],
      ['/written', CBOR],
    ]) {
      const { headers } = await ask(server.url + path, { headers: accept })
      expect([path, headers.get('content-type')]).toEqual([path, type])
    }
  })

  test('who accepts none of it gets JSON, or 406 where the route insists', async () => {
    await using kernel = await TestKernel.start('inline')
    let asked = 0
    const handler = () => ({ n: ++asked })
    await using server = await serving(
      kernel,
      get('/lax', handler),
      get('/strict', handler, { formats: { types: ['cbor'], strict: true } }),
    )
    const lax = await server.fetch('/lax', { headers: { accept: 'text/html' } })
    expect([lax.status, lax.body, lax.headers.get('vary')]).toEqual([200, { n: 1 }, 'Accept'])
    const strict = await server.fetch('/strict', { headers: { accept: 'text/html' } })
    expect([strict.status, strict.body.status, asked]).toEqual([406, 406, 1])
    expect((await server.fetch('/strict', { headers: { accept: MSGPACK } })).status).toBe(406)
    expect((await server.fetch('/strict')).status).toBe(200)
  })

  test('from the cache are what each client prefers', async () => {
    await using kernel = await TestKernel.start('inline')
    let asked = 0
    const handler = () => reply({ headers: { 'cache-control': 'max-age=60' }, body: { n: ++asked } })
    await using server = await kernel.serve((api, { setOption }) => {
      void kernel.kernel.setOption(api, HTTP_FORMATS, true)
      void kernel.kernel.setOption(api, CACHE_ENABLE, true)
      void kernel.kernel.setOption(api, REST_ADD_ROUTE, get('/n', handler))
      expect(setOption).toBeDefined()
    })
    const as = async (accept: string) => (await ask(`${server.url}/n`, { headers: { accept } })).bytes
    expect(JSON.parse(String(await as('*/*')))).toEqual({ n: 1 })
    expect(decode(await as(CBOR))).toEqual({ n: 1 })
    expect(unpack(await as(MSGPACK))).toEqual({ n: 1 })
    expect(JSON.parse(String(await as('application/json')))).toEqual({ n: 1 })
  })

  test('are compressed in the media type that they have become', async () => {
    await using kernel = await TestKernel.start('inline')
    const value = { text: 'x'.repeat(5000) }
    await using server = await kernel.serve(api => {
      void kernel.kernel.setOption(api, HTTP_FORMATS, true)
      void kernel.kernel.setOption(api, HTTP_COMPRESSION, true)
      void kernel.kernel.setOption(
        api,
        REST_ADD_ROUTE,
        get('/n', () => value),
      )
    })
    const { headers, bytes } = await ask(`${server.url}/n`, {
      headers: { accept: CBOR, 'accept-encoding': 'gzip' },
    })
    expect(headers.get('content-type')).toBe(CBOR)
    expect(decode(bytes)).toEqual(value)
  })
})

test('the OpenAPI document lists the media types', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await kernel.serve(api => {
    void kernel.kernel.setOption(api, HTTP_FORMATS, { types: ['cbor'] })
    void kernel.kernel.setOption(api, REST_DOCS_PATH, '/docs')
    void kernel.kernel.setOption(api, REST_ADD_ROUTE, strict)
    void kernel.kernel.setOption(api, REST_ADD_ROUTE, { ...strict, pattern: '/json', formats: false })
  })
  const { paths } = (await server.fetch('/docs/json')).body
  const { requestBody, responses } = paths['/typed'].post
  expect(Object.keys(requestBody.content)).toEqual(['application/json', CBOR])
  expect(Object.keys(responses[200].content)).toEqual(['application/json', CBOR])
  expect(Object.keys(paths['/json'].post.requestBody.content)).toEqual(['application/json'])
})

describe('packed bodies', () => {
  const packed = gzipSync('{"a":1}')
  const init = {
    method: 'POST',
    body: packed as any,
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  }

  test('are 415 unless they are unpacked, but raw on a route that streams', async () => {
    await using kernel = await TestKernel.start('inline')
    const raw: AnyRoute = {
      ...echo,
      pattern: '/raw',
      stream: true,
      handler: async request => {
        const chunks: Buffer[] = []
        for await (const chunk of request.body as AsyncIterable<Buffer>) chunks.push(chunk)
        return Buffer.concat(chunks)
      },
    }
    await using server = await kernel.routes(echo, raw)
    const refused = await ask(`${server.url}/echo`, init)
    expect([refused.status, refused.headers.get('accept-encoding')]).toEqual([415, 'identity'])
    expect((await ask(`${server.url}/raw`, init)).bytes).toEqual(packed)
    await kernel.kernel.setOption(server.api, HTTP_DECOMPRESS, true)
    expect(String((await ask(`${server.url}/echo`, init)).bytes)).toBe('{"got":{"a":1}}')
    expect(String((await ask(`${server.url}/raw`, init)).bytes)).toBe('{"a":1}')
  })
})
