import { once } from 'node:events'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { HTTP_MAX_HEADER_SIZE, HTTP_READ_TIMEOUT, HTTP_RETRY, HTTP_TIMEOUT } from '../src/index.ts'
import { clientKernel, clientOf, mirror, origin, rawOrigin } from './support/client.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
/** Servers that answer each request with the same bytes, and end then, or go on. */
const answering = (bytes: string | Buffer, end = true) =>
  rawOrigin(socket =>
    socket.on('data', () => {
      if (end) socket.end(bytes)
      else socket.write(bytes)
    }),
  )
const NO_RETRY = [[HTTP_RETRY, 0]] as const

describe('servers that break off or lie', () => {
  test.each<[string, string, string]>([
    ['in mid-head', `${OK}Content-Le`, 'ECONNRESET'],
    ['in mid-body by length', `${OK}Content-Length: 10\r\n\r\nhalf`, 'ECONNRESET'],
    ['in mid-body by chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhal`, 'ECONNRESET'],
    ['before the last chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n`, 'ECONNRESET'],
    ['before anything', '', 'ECONNRESET'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'EPROTO'],
    ['two lengths', `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 'EPROTO'],
    [
      'a length and chunks',
      `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`,
      'EPROTO',
    ],
    ['a header without a name', `${OK}: x\r\nContent-Length: 0\r\n\r\n`, 'EPROTO'],
    ['a NUL in a header', `${OK}X: a\0b\r\nContent-Length: 0\r\n\r\n`, 'EPROTO'],
    ['a chunk of no size', `${OK}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 'EPROTO'],
  ])('%s', async (_title, bytes, code) => {
    await using server = await answering(bytes)
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, NO_RETRY)
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({ code })
    const streamed = kernel.request(fd, { stream: true }).then(response => response.bytes())
    await expect(streamed).rejects.toMatchObject({ code })
  })

  test('a head longer than HTTP_MAX_HEADER_SIZE is refused', async () => {
    await using server = await answering(`${OK}X: ${'x'.repeat(5000)}\r\nContent-Length: 0\r\n\r\n`)
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, [...NO_RETRY, [HTTP_MAX_HEADER_SIZE, 4096]])
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({ code: 'EPROTO' })
  })

  test('a server that is silent runs into HTTP_READ_TIMEOUT, or HTTP_TIMEOUT', async () => {
    await using server = await rawOrigin(socket =>
      socket.on('data', () => socket.write(`${OK}Content-Length: 9\r\n\r\na`)),
    )
    await using kernel = await clientKernel()
    const silent = await clientOf(kernel, server.url, [[HTTP_READ_TIMEOUT, 300]])
    const streamed = await kernel.request(silent, { stream: true })
    await expect(streamed.bytes()).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    const late = await clientOf(kernel, server.url, [[HTTP_TIMEOUT, 50]])
    await expect(kernel.request(late, '/')).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      message: 'no response within 50 ms',
    })
  })

  test('what a server sends behind a response is nobody else’s', async () => {
    const injected = `${OK}Content-Length: 4\r\n\r\nevil`
    let asked = 0
    await using server = await rawOrigin(socket =>
      socket.on('data', () => {
        asked++
        socket.write(`${OK}Content-Length: 4\r\n\r\ngood${injected}`)
      }),
    )
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    for (let i = 1; i <= 3; i++) {
      const answer = await kernel.request(fd, '/').then(
        response => response.text(),
        error => error.code,
      )
      expect(['good', 'EPROTO', 'ECONNRESET']).toContain(answer)
    }
    expect(asked).toBeGreaterThanOrEqual(3)
  })
})

describe('content codings', () => {
  const text = 'hello '.repeat(1000)
  test.each<[string, Buffer]>([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['Deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
    ['identity', Buffer.from(text)],
    ['unheard-of', Buffer.from(text)],
  ])('%s', async (coding, bytes) => {
    await using server = await origin((_request, response) => {
      response.setHeader('content-encoding', coding)
      response.end(bytes)
    })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    expect(await (await kernel.request(fd, '/')).text()).toBe(text)
    expect(await (await kernel.request(fd, { stream: true })).text()).toBe(text)
    const undecoded = await kernel.request(fd, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(undecoded.body).toEqual(bytes)
    expect((await kernel.request(fd, { method: 'HEAD' })).body.toString()).toBe('')
  })

  test('a bomb is refused at its limit; as a stream it expands no further than it is read', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000))
    await using server = await origin((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(bomb)
    })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({
      code: 'EMSGSIZE',
      message: expect.stringContaining('1048576 bytes of HTTP_MAX_BODY_SIZE (221)'),
    })
    const limited = await kernel.request(fd, { stream: true, maxBodySize: 3_000_000 })
    await expect(limited.bytes()).rejects.toMatchObject({ code: 'EMSGSIZE' })
    const streamed = await kernel.request(fd, { stream: true })
    const before = process.memoryUsage().arrayBuffers
    let read = 0
    for await (const chunk of streamed.body) if ((read += chunk.length) > 2_000_000) break
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000)
  })

  test('a bomb in layers is refused, though it comes to nothing in the end', async () => {
    // Blocks of nothing (RFC 1951 section 3.2.4), and the last one.
    const empty = Buffer.alloc(5 * 2 ** 20, Buffer.from('000000ffff', 'hex'))
    const bomb = brotliCompressSync(Buffer.concat([Buffer.from('789c', 'hex'), empty]))
    await using server = await origin((_request, response) => {
      response.setHeader('content-encoding', 'deflate, br')
      response.end(bomb)
    })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({
      code: 'EMSGSIZE',
      message: expect.stringContaining('packed several times'),
    })
  })

  test.each([
    ['that is no gzip', 'gzip', Buffer.from('plain text')],
    ['that ends early', 'gzip', gzipSync(text).subarray(0, 30)],
    ['in too many layers', Array(4).fill('gzip').join(), gzipSync(text)],
  ])('a body %s is refused', async (_title, coding, bytes) => {
    await using server = await origin((_request, response) => {
      response.setHeader('content-encoding', coding)
      response.end(bytes)
    })
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url)
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({ code: 'EPROTO' })
    const streamed = kernel.request(fd, { stream: true }).then(response => response.bytes())
    await expect(streamed).rejects.toMatchObject({ code: 'EPROTO' })
  })
})

describe('retries', () => {
  /** A server that breaks off so many times, and then answers. */
  const failing = async (times: number) => {
    let asked = 0
    const server = await origin((request, response) => {
      asked++
      if (asked <= times) request.socket.destroy()
      else mirror(request, response)
    })
    return Object.assign(server, { asked: () => asked })
  }

  test('an idempotent request is made once more when its connection is lost, others are not', async () => {
    await using server = await failing(1)
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, [[HTTP_RETRY, { minDelay: 1 }]])
    const response = await kernel.request(fd, { method: 'PUT', body: 'again' })
    expect(await response.json()).toMatchObject({ method: 'PUT', body: 'again' })
    expect(server.asked()).toBe(2)
    await using other = await failing(1)
    await expect(kernel.request(fd, { method: 'POST', url: other.url })).rejects.toMatchObject({
      code: 'ECONNRESET',
    })
    expect(other.asked()).toBe(1)
  })

  test('as often as HTTP_RETRY says, and no streamed body', async () => {
    await using server = await failing(100)
    await using kernel = await clientKernel()
    const fd = await clientOf(kernel, server.url, [[HTTP_RETRY, { tries: 3, minDelay: 1 }]])
    await expect(kernel.request(fd, '/')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(server.asked()).toBe(4)
    async function* body() {
      yield 'a'
    }
    await expect(kernel.request(fd, { method: 'PUT', body: body() })).rejects.toMatchObject({
      retryable: true,
    })
    expect(server.asked()).toBe(5)
  })

  test('statuses are retried where HTTP_RETRY names them, when Retry-After says', async () => {
    let asked = 0
    await using server = await origin((request, response) => {
      asked++
      response.statusCode = asked === 1 ? 503 : asked === 2 ? 429 : 200
      if (asked <= 2) response.setHeader('retry-after', request.url === '/long' ? '3600' : '0')
      response.end()
    })
    await using kernel = await clientKernel()
    const retry = { tries: 3, minDelay: 1, statuses: [429, 503] }
    const fd = await clientOf(kernel, server.url, [[HTTP_RETRY, retry]])
    expect((await kernel.request(fd, '/')).status).toBe(200)
    expect(asked).toBe(3)
    asked = 0
    expect((await kernel.request(fd, '/long')).status).toBe(503)
    expect(asked).toBe(1)
  })
})

test('a server that answers before the body has come ends the upload', async () => {
  await using server = await origin((request, response) => {
    response.writeHead(413, { connection: 'close' }).end('too long')
    request.on('error', () => {})
  })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  const returned = Promise.withResolvers<void>()
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(65_536)
    } finally {
      returned.resolve()
    }
  }
  const outcome = await kernel.request(fd, { body: endless() }).then(
    ({ status }) => status,
    error => error.code,
  )
  expect([413, 'EPIPE', 'ECONNRESET']).toContain(outcome)
  await returned.promise
})

test('a source that fails, fails its request, and the server sees no end', async () => {
  const aborted = Promise.withResolvers<void>()
  await using server = await origin(request => {
    request.resume().on('error', () => aborted.resolve())
  })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  async function* broken() {
    yield 'a'
    await once(process, 'nothing', { signal: AbortSignal.timeout(20) }).catch(() => {})
    throw new Error('the disk is gone')
  }
  await expect(kernel.request(fd, { body: broken() })).rejects.toMatchObject({ message: 'the disk is gone' })
  await aborted.promise
})

test('requests that cannot be are refused before anything is sent', async () => {
  let asked = 0
  await using server = await origin((_request, response) => {
    asked++
    response.end()
  })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, `${server.url}/base/`)
  const refused: [unknown, string][] = [
    [{ headers: { 'X-A': 'a\r\nX-B: b' } }, 'EINVAL'],
    [{ headers: { 'X A': 'a' } }, 'EINVAL'],
    [{ headers: { 'Transfer-Encoding': 'chunked' } }, 'EINVAL'],
    [{ headers: { Connection: 'x' } }, 'EINVAL'],
    [{ headers: { Host: ['a', 'b'] } }, 'EINVAL'],
    [{ headers: { 'Content-Length': '1' }, body: 'abc' }, 'EINVAL'],
    [{ method: 'GET / HTTP/1.1\r\nX: y' }, 'EINVAL'],
    [{ method: 'CONNECT' }, 'EINVAL'],
    [{ url: '/a\r\nX: y' }, 'EINVAL'],
    [{ url: '//evil.test/' }, 'EINVAL'],
    [{ url: '/\\evil.test/' }, 'EINVAL'],
    [{ url: 'https:evil.test' }, 'ENOTFOUND'],
    [{ url: 'file:///etc/passwd' }, 'EBADADDR'],
    [{ url: 'http://user:pass@127.0.0.1/' }, 'EINVAL'],
    [{ body: 'a', json: 1 }, 'EINVAL'],
    [{ json: () => 1 }, 'EBADDATA'],
    [{ unknown: 1 }, 'EINVAL'],
    [{ timeout: -1 }, 'EINVAL'],
    [17, 'EINVAL'],
  ]
  for (const [request, code] of refused) {
    const outcome = kernel.request(fd, request as any)
    await expect(outcome, JSON.stringify(request)).rejects.toMatchObject({ code })
  }
  expect(() => kernel.write(fd, { headers: { a: '\n' } })).toThrow(
    expect.objectContaining({ code: 'EINVAL' }),
  )
  expect(asked).toBe(0)
})
