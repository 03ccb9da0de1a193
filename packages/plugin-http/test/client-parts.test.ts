import { deflateRawSync, gzipSync } from 'node:zlib'
import type { Kernel } from '@unisock/kernel'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { watchLaunches } from '../../kernel/test/support/launches.ts'
import { encodeMultipart, type MultipartFields } from '../src/client/multipart.ts'
import { baseOf, resolveUrl } from '../src/client/worker/base.ts'
import { Decoding } from '../src/client/worker/decoding.ts'
import { isProxied, readProxy } from '../src/client/worker/proxy.ts'
import { delayAfterFailure, delayAfterStatus, retryPolicy } from '../src/client/worker/retry.ts'
import {
  HTTP_CLIENT,
  HTTP_HEADERS,
  HTTP_HEALTH_PATH,
  HTTP_RETRY,
  HTTP_SERVER,
  HTTP_URL,
  type HttpClientWrite,
  type HttpResponse,
} from '../src/index.ts'
import { clientKernel, clientOf, origin } from './support/client.ts'

describe('URLs', () => {
  const base = baseOf({ path: 'http://api.test/v1/' }, undefined, false)

  test('what begins like a path stays on its host, or is refused', () => {
    const pieces = fc.constantFrom(
      '/',
      '//',
      '\\',
      '..',
      '.',
      '@',
      ':',
      '?',
      '#',
      '%2f',
      'evil.test',
      'a',
      '\t',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), parts => {
        const url = `/${parts.join('')}`
        try {
          return resolveUrl(url, base, false).origin === 'http://api.test'
        } catch (error) {
          return (error as { code: string }).code === 'EINVAL'
        }
      }),
      { numRuns: 2000 },
    )
  })

  test.each<[object, boolean, string]>([
    [{ host: '::1', port: 80 }, false, 'http://[::1]/'],
    [{ host: 'a.test', port: 8080 }, true, 'https://a.test:8080/'],
    [{ path: 'HTTPS://A.test/x?y' }, true, 'https://a.test/x?y'],
    [{ path: '/run/a.sock' }, false, 'http://localhost/'],
  ])('%j is a base', (target, secure, url) => {
    expect(baseOf(target, undefined, secure).url.href).toBe(url)
  })

  test.each(['ftp://a/', 'nonsense', 'http://u:p@a/', 'mailto:a@b'])('%s is none', path => {
    expect(() => baseOf({ path }, undefined, false)).toThrow(expect.objectContaining({ code: 'EBADADDR' }))
  })
})

test('forms come back as they were written, whatever is in them', async () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter(text => text !== '__proto__')
  const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array({ maxLength: 50 }))
  const normal = (text: string) => text.replace(/\r\n?|\n/g, '\r\n')
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 5 }), async fields => {
      const { type, body } = encodeMultipart(fields as MultipartFields)
      if (Object.keys(fields).length === 0) return
      const form = await new Response(body as Uint8Array<ArrayBuffer>, {
        headers: { 'content-type': type },
      }).formData()
      const back = await Promise.all(
        [...form].map(async ([key, item]) => [key, typeof item === 'string' ? item : await item.bytes()]),
      )
      // A line break in a name is written as its escape, as browsers do.
      const written = (key: string) => key.replaceAll('\r', '%0D').replaceAll('\n', '%0A')
      expect(back.map(([key, item]) => [normal(written(key as string)), item])).toEqual(
        Object.entries(fields).map(([key, item]) => [
          normal(written(key)),
          typeof item === 'string' ? item : new Uint8Array(item),
        ]),
      )
    }),
    { numRuns: 50 },
  )
})

test('a body is decoded the same in whatever pieces it comes', async () => {
  const text = Buffer.from('hello '.repeat(500))
  const decode = (coding: string, pieces: Buffer[]) =>
    new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = []
      const decoding = new Decoding([coding], {
        data: chunk => chunks.push(chunk) > 0,
        end: () => resolve(Buffer.concat(chunks)),
        fail: reject,
        hold: () => {},
      })
      for (const piece of pieces) decoding.write(piece)
      decoding.end()
    })
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('gzip', 'deflate'),
      fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }),
      async (coding, cuts) => {
        const packed = coding === 'gzip' ? gzipSync(text) : deflateRawSync(text)
        const places = [0, ...cuts.sort((a, b) => a - b), packed.length]
        const pieces = places.slice(1).map((end, i) => packed.subarray(places[i], end))
        expect((await decode(coding, pieces)).equals(text)).toBe(true)
      },
    ),
    { numRuns: 50 },
  )
})

test('HTTP_RETRY says what is tried again, and when', () => {
  const policy = retryPolicy({ tries: 3, minDelay: 100, maxDelay: 300, statuses: [503] })
  const lost = { code: 'ECONNRESET' } as never
  expect([0, 1, 2, 3].map(tried => delayAfterFailure(policy, 'GET', tried, lost))).toEqual([
    100,
    200,
    300,
    undefined,
  ])
  expect(delayAfterFailure(policy, 'POST', 0, lost)).toBeUndefined()
  expect(delayAfterFailure(policy, 'GET', 0, { code: 'ETIMEDOUT' } as never)).toBeUndefined()
  expect(delayAfterFailure(retryPolicy(0), 'GET', 0, lost)).toBeUndefined()
  const after = (value: string | undefined, status = 503) =>
    delayAfterStatus(policy, 'GET', 0, status, value, 0)
  expect([after(undefined), after('0'), after('1'), after('soon'), after(undefined, 500)]).toEqual([
    100,
    0,
    undefined,
    100,
    undefined,
  ])
  expect(after(new Date(0).toUTCString())).toBe(0)
})

test('a proxy is bypassed for the hosts it names', () => {
  const proxy = readProxy({
    url: 'http://ann:p%40w@proxy:3128',
    bypass: ['a.test', '10.0.0.1', 'b.test:81'],
  })!
  expect(proxy.authorization).toBe(`Basic ${Buffer.from('ann:p@w').toString('base64')}`)
  expect(proxy.url.href).toBe('http://proxy:3128/')
  const proxied = ([host, port]: [string, string]) => isProxied(proxy, host, port)
  const direct: [string, string][] = [
    ['a.test', '80'],
    ['x.a.test', '80'],
    ['10.0.0.1', '80'],
    ['b.test', '81'],
  ]
  expect(direct.map(proxied)).toEqual([false, false, false, false])
  const others: [string, string][] = [
    ['nota.test', '80'],
    ['b.test', '80'],
    ['a.test.evil', '80'],
  ]
  expect(others.map(proxied)).toEqual([true, true, true])
})

test.each(['thread', 'process'] as const)(
  'a client whose %s worker is lost fails what was under way, and goes on',
  async isolation => {
    using launches = watchLaunches()
    const asked = Promise.withResolvers<void>()
    await using server = await origin((request, response) => {
      if (request.url === '/never') asked.resolve()
      else response.end(`${request.headers['x-kept']}`)
    })
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url, [
      [HTTP_RETRY, 0],
      [HTTP_HEADERS, { 'X-Kept': 'kept' }],
    ])
    const lost = expect(kernel.request(fd, '/never')).rejects.toMatchObject({
      code: 'EPLUGIN',
      retryable: true,
    })
    await asked.promise
    await launches.kill('worker')
    await lost
    expect(await (await kernel.request(fd, '/again')).text()).toBe('kept')
  },
)

/** Compiled, never called. */
export function program(kernel: Kernel): void {
  const client = kernel.create(HTTP_CLIENT, (_fd, response) => {
    expectTypeOf(response).toEqualTypeOf<HttpResponse<HttpClientWrite>>()
  })
  void kernel.setOption(client, HTTP_URL, 'http://a/')
  void kernel.connect(client)
  expectTypeOf(kernel.request(client, { url: '/', json: 1 })).resolves.toEqualTypeOf<
    HttpResponse<HttpClientWrite>
  >()
  kernel.write(client, '/a')
  // @ts-expect-error a URL is text
  kernel.write(client, { url: 7 })
  // @ts-expect-error a request has no status
  kernel.write(client, { status: 200 })
  // @ts-expect-error a server is asked nothing
  void kernel.request(kernel.create(HTTP_SERVER, {}), '/')
}

test('options of servers are not for clients', async () => {
  await using kernel = await clientKernel()
  const server = kernel.create(HTTP_SERVER, {})
  await expect(kernel.setOption(server, HTTP_RETRY, 1)).rejects.toMatchObject({ code: 'ENOPROTOOPT' })
  const client = kernel.create(HTTP_CLIENT, {})
  await expect(kernel.setOption(client, HTTP_HEALTH_PATH, '/x')).rejects.toMatchObject({
    code: 'ENOPROTOOPT',
  })
})
