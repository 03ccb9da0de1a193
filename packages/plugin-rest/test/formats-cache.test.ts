import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { CACHE_COMPRESSION, CACHE_ENABLE, HTTP_FORMATS } from '@unisock/plugin-http/core'
import { unpack } from 'msgpackr'
import { expect, test } from 'vitest'
import { REST_ADD_ROUTE, reply } from '../src/index.ts'
import type { RouteHandler } from '../src/route.ts'
import { TestKernel, type TestServer } from './support/server.ts'

const MSGPACK = 'application/msgpack'
const VALUE = { text: 'x'.repeat(5000) }

const serving = (
  kernel: TestKernel,
  handler: RouteHandler,
  options: [number, unknown][] = [],
): Promise<TestServer> =>
  kernel.serve(api => {
    void kernel.kernel.setOption(api, HTTP_FORMATS, true)
    for (const [option, value] of options) void kernel.kernel.setOption(api, option as any, value as any)
    void kernel.kernel.setOption(api, REST_ADD_ROUTE, { method: 'GET', pattern: '/n', handler })
  })

/** As it is sent: fetch would undo the coding, and ask for one. */
async function ask(server: TestServer, headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') {
  const asked = request(`${server.url}/n`, { method, headers, agent: false }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode, fields: response.headers, bytes: await buffer(response) }
}

const cached = (headers = {}) =>
  reply({ headers: { 'cache-control': 'max-age=60', ...headers }, body: VALUE })

test('what is stored compressed is in the media type that a client prefers all the same', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await serving(kernel, () => cached(), [
    [CACHE_ENABLE, true],
    [CACHE_COMPRESSION, { encodings: ['gzip'] }],
  ])
  const json = () => ask(server, { accept: 'application/json', 'accept-encoding': 'gzip' })
  await expect.poll(async () => (await json()).fields['content-encoding']).toBe('gzip')
  expect((await json()).fields.vary).toBe('Accept-Encoding, Accept')
  const { status, fields, bytes } = await ask(server, { accept: MSGPACK, 'accept-encoding': 'gzip' })
  expect([status, fields['content-type'], fields['content-encoding']]).toEqual([200, MSGPACK, undefined])
  expect(unpack(bytes)).toEqual(VALUE)
})

test('a part of what is stored is none of another media type', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await serving(kernel, () => cached(), [[CACHE_ENABLE, true]])
  await ask(server, {})
  const { status, fields, bytes } = await ask(server, { accept: MSGPACK, range: 'bytes=0-9' })
  expect([status, fields['content-type']]).toEqual([200, MSGPACK])
  expect(unpack(bytes)).toEqual(VALUE)
  expect((await ask(server, { accept: 'application/json', range: 'bytes=0-9' })).status).toBe(206)
})

test('the length of an answer to HEAD is that of the media type that GET would have', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await serving(kernel, () => cached(), [[CACHE_ENABLE, true]])
  const whole = await ask(server, { accept: MSGPACK })
  const head = await ask(server, { accept: MSGPACK }, 'HEAD')
  expect([head.status, head.fields['content-length']]).toEqual([200, String(whole.bytes.length)])
})

test('other bytes have no strong entity tag of JSON', async () => {
  await using kernel = await TestKernel.start('inline')
  await using server = await serving(kernel, () => cached({ etag: '"one"' }), [[CACHE_ENABLE, true]])
  const { fields } = await ask(server, { accept: MSGPACK })
  expect([fields.etag, fields.vary]).toEqual(['W/"one"', 'Accept'])
  const known = await ask(server, { accept: MSGPACK, 'if-none-match': 'W/"one"' })
  expect([known.status, known.fields.etag, known.fields.vary]).toEqual([304, 'W/"one"', 'Accept'])
  const json = await ask(server, { accept: '*/*', 'if-none-match': '"one"' })
  expect([json.status, json.fields.etag, json.fields.vary]).toEqual([304, '"one"', 'Accept'])
})

test("a handler's own part, coded body or 304 is not taken for JSON that can be turned into something else", async () => {
  await using kernel = await TestKernel.start('inline')
  const json = { 'content-type': 'application/json' }
  const answers = [
    reply({ status: 206, headers: { ...json, 'content-range': 'bytes 0-1/9' }, body: '{"' }),
    reply({ headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync('{}') }),
    reply({ status: 304, headers: { etag: '"one"' } }),
  ]
  await using server = await serving(kernel, () => answers.shift())
  const part = await ask(server, { accept: MSGPACK })
  expect([part.status, part.fields['content-type'], String(part.bytes)]).toEqual([
    206,
    'application/json',
    '{"',
  ])
  const coded = await ask(server, { accept: MSGPACK })
  expect([coded.status, coded.fields['content-encoding'], coded.bytes]).toEqual([200, 'gzip', gzipSync('{}')])
  const known = await ask(server, { accept: MSGPACK })
  expect([known.status, known.fields.etag, known.fields.vary]).toEqual([304, 'W/"one"', 'Accept'])
})
