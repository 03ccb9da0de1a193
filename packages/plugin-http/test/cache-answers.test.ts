import { expect, test } from 'vitest'
import { CACHE_COMPRESSION, CACHE_ENABLE, HTTP_COMPRESSION, HTTP_ETAG } from '../src/core/index.ts'
import { get, TestServer } from './support/server.ts'

const FIELDS = ['Content-Type', 'text/plain', 'Cache-Control', 'max-age=60', 'ETag', '"one"']

test.each<[string, [number, unknown][], string, string | undefined]>([
  ['is compressed on its way', [[HTTP_COMPRESSION, true]], 'W/"one"', 'Accept-Encoding'],
  ['is compressed where it is stored', [[CACHE_COMPRESSION, true]], 'W/"one"', 'Accept-Encoding'],
  ['is as it was', [[HTTP_ETAG, true]], '"one"', undefined],
])('a 304 out of the cache speaks of what the client has, which %s', async (_what, options, etag, vary) => {
  await using server = await TestServer.start([[CACHE_ENABLE, true], ...options])
  server.socket.onAccept = exchange => exchange.answer(200, FIELDS, 'x'.repeat(5000), 0)
  using client = await server.connect()
  const ask = (fields = '') => client.send(get('/', `Accept-Encoding: gzip\r\n${fields}`)).response()
  await ask()
  await expect.poll(async () => (await ask()).headers.etag).toBe(etag)
  const known = await ask(`If-None-Match: ${etag}\r\n`)
  expect([known.status, known.headers.etag, known.headers.vary]).toEqual([304, etag, vary])
  const part = await ask('If-None-Match: "two"\r\nRange: bytes=0-3\r\n')
  expect([part.status, part.body]).toEqual([206, 'xxxx'])
  expect((await ask(`If-None-Match: ${etag}\r\nRange: bytes=0-3\r\n`)).status).toBe(304)
})
