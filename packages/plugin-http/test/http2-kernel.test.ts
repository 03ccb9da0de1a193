import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import {
  createSecureServer,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { createKernel } from '@unisock/kernel'
import { TLS_ALPN, TLS_CA, TLS_CERTIFICATE, TLS_PRIVATE_KEY } from '@unisock/kernel/plugin'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import {
  HTTP_BODY_STREAM,
  HTTP_COMPRESSION,
  HTTP_STATIC,
  HTTP2_ENABLE,
  HTTPS_CLIENT,
  HTTPS_SERVER,
  http,
  sse,
} from '../src/index.ts'
import { clientKernel, clientOf, secureOrigin } from './support/client.ts'
import { closed, H2Client } from './support/h2.ts'
import { httpKernel, ISOLATIONS, serving, until } from './support/kernel.ts'

let authority: Authority
let main: Issued

beforeAll(() => {
  authority = new Authority()
  main = authority.issue('127.0.0.1')
})
afterAll(() => authority[Symbol.dispose]())

describe.each(ISOLATIONS)('over %s', isolation => {
  test('requests of one connection have fds of their own, and answers in any order and form', async () => {
    await using kernel = await httpKernel(isolation)
    const fds = new Set<number>()
    const seen: any[] = []
    const { addr } = await serving(
      kernel,
      {
        async message(fd, request, remote) {
          fds.add(fd)
          seen.push({ version: request.version, host: request.headers.host, remote: remote.address })
          if (request.path === '/slow') await new Promise(resolve => setTimeout(resolve, 30))
          if (request.path === '/stream')
            kernel.write(fd, { body: Readable.from([Buffer.from('a'), Buffer.from('b')]) })
          else if (request.method === 'POST') kernel.write(fd, { body: (await request.json()) as object })
          else kernel.write(fd, request.path)
        },
      },
      [[HTTP2_ENABLE, true]],
    )
    using client = await H2Client.connect(addr.port)
    const [slow, quick, stream, posted] = await Promise.all([
      client.ask({ ':path': '/slow' }),
      client.ask({ ':path': '/quick' }),
      client.ask({ ':path': '/stream' }),
      client.ask({ ':method': 'POST', 'content-type': 'application/json' }, '{"a":[1]}'),
    ])
    expect([slow.body, quick.body, stream.body, posted.body]).toEqual(['/slow', '/quick', 'ab', '{"a":[1]}'])
    expect(fds.size).toBe(4)
    expect(seen[0]).toEqual({ version: '2.0', host: `127.0.0.1:${addr.port}`, remote: '127.0.0.1' })
  })

  test('a body is streamed both ways', async () => {
    await using kernel = await httpKernel(isolation)
    const { addr } = await serving(
      kernel,
      { message: (fd, request) => void kernel.write(fd, { body: request.body as any }) },
      [
        [HTTP2_ENABLE, true],
        [HTTP_BODY_STREAM, true],
      ],
    )
    using client = await H2Client.connect(addr.port)
    const large = Buffer.alloc(800_000, 'abcdefg')
    expect((await client.ask({ ':method': 'POST' }, large)).body).toBe(large.toString())
  })

  test('a client that takes its request back ends the fd', async () => {
    await using kernel = await httpKernel(isolation)
    const arrived = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<Error | undefined>()
    const { addr } = await serving(
      kernel,
      { message: () => arrived.resolve(), close: (_fd, error) => ended.resolve(error) },
      [[HTTP2_ENABLE, true]],
    )
    using client = await H2Client.connect(addr.port)
    const stream = client.request()
    await arrived.promise
    stream.close(8)
    expect(await ended.promise).toMatchObject({ code: 'ECONNRESET' })
  })
})

/** What this process has open; not everything can be told. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [readlinkSync(join('/proc/self/fd', fd))]
    } catch {
      return []
    }
  })
}

describe('what becomes of answers', () => {
  test('files are sent, in parts too, and a client that leaves in the middle leaves none open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unisock-http2-'))
    await writeFile(join(folder, 'large.bin'), Buffer.alloc(3_000_000, '0123456789'))
    await using kernel = await httpKernel('inline')
    const { addr } = await serving(kernel, { message: fd => void kernel.write(fd, 'no file') }, [
      [HTTP2_ENABLE, true],
      [HTTP_STATIC, [{ root: folder }]],
    ])
    using client = await H2Client.connect(addr.port)
    const whole = await client.ask({ ':path': '/large.bin' })
    expect(whole).toMatchObject({ status: 200, headers: { 'content-length': '3000000' } })
    expect(whole.body).toHaveLength(3_000_000)
    const part = await client.ask({ ':path': '/large.bin', range: 'bytes=8-12' })
    expect(part).toMatchObject({ status: 206, body: '89012' })
    const { etag } = whole.headers
    expect(await client.ask({ ':path': '/large.bin', 'if-none-match': etag })).toMatchObject({ status: 304 })
    expect(await client.ask({ ':path': '/large.bin', ':method': 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
    })
    const left = client.request({ ':path': '/large.bin' })
    await once(left, 'response')
    left.close(8)
    await closed(left)
    expect((await client.ask({ ':path': '/large.bin', range: 'bytes=0-0' })).body).toBe('0')
    expect(kernel.lines.filter(({ level }) => level === 'error')).toEqual([])
    await until(() => openFiles().every(path => !path.startsWith(folder)))
    await rm(folder, { recursive: true })
  })

  test('they are compressed, whole and in chunks, and events are sent as they come', async () => {
    await using kernel = await httpKernel('inline')
    const text = 'compress me '.repeat(1000)
    const { addr } = await serving(
      kernel,
      {
        message(fd, request) {
          if (request.path === '/whole') kernel.write(fd, text)
          else if (request.path === '/events') kernel.write(fd, sse(events()) as never)
          else
            kernel.write(fd, {
              headers: { 'Content-Type': 'text/plain' },
              body: Readable.from([Buffer.from(text), Buffer.from(text)]),
            })
        },
      },
      [
        [HTTP2_ENABLE, true],
        [HTTP_COMPRESSION, true],
      ],
    )
    async function* events() {
      yield { data: '1' }
      yield { data: '2' }
    }
    using client = await H2Client.connect(addr.port)
    for (const [path, expected] of [
      ['/whole', text],
      ['/stream', text + text],
    ] as const) {
      const stream = client.request({ ':path': path, 'accept-encoding': 'gzip' })
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      const [headers] = await once(stream, 'response')
      await closed(stream)
      expect(headers['content-encoding']).toBe('gzip')
      expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe(expected)
    }
    expect((await client.ask({ ':path': '/events' })).body).toBe('data: 1\n\ndata: 2\n\n')
  })
})

describe('clients', () => {
  const answer = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    response.setHeader('x-version', request.httpVersion)
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    request.pipe(response)
  }

  test('speak HTTP/2 where ALPN agrees on it, all requests on one connection', async () => {
    await using kernel = await clientKernel()
    const server = createSecureServer({ cert: main.certificate, key: main.privateKey }, answer)
    let sessions = 0
    server.on('session', () => sessions++)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const fd = kernel.create(HTTPS_CLIENT, {})
    void kernel.setOption(fd, TLS_CA, authority.certificate)
    await kernel.connect(fd, `https://127.0.0.1:${port}`)
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        kernel.request(fd, { method: 'POST', url: '/', body: `body ${i}` }),
      ),
    )
    expect(await Promise.all(all.map(response => response.text()))).toEqual(all.map((_, i) => `body ${i}`))
    expect(all[0]).toMatchObject({ status: 200, version: '2.0', headers: { 'x-version': '2.0' } })
    expect(all[0]!.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(sessions).toBe(1)
    const plain = kernel.create(HTTPS_CLIENT, {})
    void kernel.setOption(plain, TLS_CA, authority.certificate)
    void kernel.setOption(plain, HTTP2_ENABLE, false)
    await kernel.connect(plain, `https://127.0.0.1:${port}`)
    await expect(kernel.request(plain, '/')).rejects.toThrow()
    await kernel.close(fd)
    server.close()
  })

  test('speak HTTP/1.1 where the server has nothing else, and say so', async () => {
    await using kernel = await clientKernel()
    await using server = await secureOrigin(
      { cert: main.certificate, key: main.privateKey },
      (_, response) => void response.end('old'),
    )
    const fd = kernel.create(HTTPS_CLIENT, {})
    void kernel.setOption(fd, TLS_CA, authority.certificate)
    await kernel.connect(fd, server.url)
    expect(await kernel.request(fd, '/')).toMatchObject({ version: '1.1', status: 200 })
    const both = kernel.create(HTTPS_CLIENT, {})
    void kernel.setOption(both, HTTP2_ENABLE, false)
    await expect(kernel.setOption(both, TLS_ALPN, ['h2'])).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('TLS_ALPN (329)'),
    })
  })

  test('with HTTP2_ENABLE true speak it without TLS, streams and all', async () => {
    await using kernel = await clientKernel()
    const server = createServer(answer)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const fd = await clientOf(kernel, `http://127.0.0.1:${port}`, [[HTTP2_ENABLE, true]])
    const response = await kernel.request(fd, {
      method: 'POST',
      url: '/',
      body: Readable.from(['a', 'b']),
      stream: true,
    })
    expect(response.version).toBe('2.0')
    expect(await response.text()).toBe('ab')
    await kernel.close(fd)
    server.close()
  })

  test('and servers of one kernel speak it with each other', async () => {
    await using kernel = await createKernel({
      plugins: [http({ isolation: 'inline' })],
      logger: memoryLogger(),
    })
    const server = kernel.create(HTTPS_SERVER, (fd, request) => void kernel.write(fd, request.version))
    void kernel.setOption(server, TLS_CERTIFICATE, main.certificate)
    void kernel.setOption(server, TLS_PRIVATE_KEY, main.privateKey)
    void kernel.bind(server, 0)
    const { port } = await kernel.listen(server)
    const fd = kernel.create(HTTPS_CLIENT, {})
    void kernel.setOption(fd, TLS_CA, authority.certificate)
    await kernel.connect(fd, `https://127.0.0.1:${port}`)
    expect(await (await kernel.request(fd, '/')).text()).toBe('2.0')
  })
})
