import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import {
  HTTP_SERVER_MODE,
  REST_MODE,
  SO_TLS_VERIFY_PEER,
  TLS_ALPN,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_PRIVATE_KEY,
  TLS_SESSION,
  WS_MODE,
} from '@unisock/kernel'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Authority, type Issued } from '../../../test/support/certificates.ts'
import {
  HTTP_BODY_STREAM,
  HTTP_CONNECT_TIMEOUT,
  HTTP_HEADERS,
  HTTP_HEALTH_PATH,
  HTTP_MAX_BODY_SIZE,
  HTTP_MAX_HEADER_SIZE,
  HTTP_SERVER,
  HTTP_TIMEOUT,
  HTTPS_SERVER,
  type HttpRequest,
} from '../src/index.ts'
import { httpKernel, ISOLATIONS, serving, until } from './support/kernel.ts'
import { RawClient } from './support/raw-client.ts'
import { get } from './support/server.ts'

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a request has all its fields, and one write answers it', async () => {
    await using kernel = await httpKernel(isolation)
    const requests: unknown[] = []
    const { url } = await serving(kernel, {
      message(fd, request, addr) {
        requests.push(request.toJSON(), addr)
        kernel.write(fd, { status: 201, headers: { 'X-A': ['1', '2'] }, body: { ok: true } })
      },
    })
    const response = await fetch(`${url}/a%20b?x=1&x=2&y=%26`, { headers: { 'X-B': 'b' } })
    expect(response.status).toBe(201)
    expect(response.headers.get('x-a')).toBe('1, 2')
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(await response.json()).toEqual({ ok: true })
    const [request, addr] = requests as [any, any]
    expect(request).toMatchObject({
      method: 'GET',
      uri: '/a%20b?x=1&x=2&y=%26',
      path: '/a b',
      query: 'x=1&x=2&y=%26',
      version: '1.1',
    })
    expect({ ...request.query_params }).toEqual({ x: ['1', '2'], y: '&' })
    expect(request.headers['x-b']).toBe('b')
    expect(request.remote).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
    expect(addr).toEqual(request.remote)
  })

  test.each<[string, () => any, string, string]>([
    ['text', () => 'hé', 'text/plain; charset=utf-8', 'hé'],
    ['bytes', () => Buffer.from('hi'), 'application/octet-stream', 'hi'],
    ['large bytes', () => Buffer.alloc(3_000_000, 'x'), 'application/octet-stream', 'x'.repeat(3_000_000)],
    [
      'a Readable',
      () => Readable.from([Buffer.from('a'), Buffer.from('b')]),
      'application/octet-stream',
      'ab',
    ],
    ['a mapping', () => ({ body: [1, 2] }), 'application/json; charset=utf-8', '[1,2]'],
    [
      'a typed stream',
      () => ({ headers: { 'Content-Type': 'text/csv' }, body: Readable.from(['a,', 'b']) }),
      'text/csv',
      'a,b',
    ],
  ])('answers with %s', async (_title, answer, type, text) => {
    await using kernel = await httpKernel(isolation)
    const { url } = await serving(kernel, { message: fd => void kernel.write(fd, answer()) })
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe(type)
    expect((await response.text()) === text).toBe(true)
  })

  test('bodies come whole, small and large', async () => {
    await using kernel = await httpKernel(isolation)
    const { url } = await serving(kernel, { message: (fd, request) => void kernel.write(fd, request.body) }, [
      [HTTP_MAX_BODY_SIZE, 8_000_000],
    ])
    for (const size of [1, 5_000, 5_000_000]) {
      const body = Buffer.alloc(size, 'abc')
      const response = await fetch(url, { method: 'POST', body })
      expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
    }
    expect((await fetch(url, { method: 'POST', body: Buffer.alloc(8_000_001) })).status).toBe(413)
  })

  test('streams go both ways at once, larger than any buffer', async () => {
    await using kernel = await httpKernel(isolation)
    const { url } = await serving(kernel, { message: (fd, request) => void kernel.write(fd, request.body) }, [
      [HTTP_BODY_STREAM, true],
      [HTTP_MAX_BODY_SIZE, 2 ** 40],
    ])
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const total = 300 * chunk.length
    async function* body() {
      for (let i = 0; i < 300; i++) yield chunk
    }
    const response = await fetch(url, {
      method: 'POST',
      body: Readable.toWeb(Readable.from(body())) as any,
      duplex: 'half',
    } as any)
    let received = 0
    for await (const part of response.body!) received += part.length
    expect(received).toBe(total)
  })

  test('trailers cross both ways', async () => {
    await using kernel = await httpKernel(isolation)
    const { addr } = await serving(kernel, {
      message: (fd, { trailers }) =>
        void kernel.write(fd, { body: 'x', trailers: { 'X-Back': String(trailers['x-sum']) } }),
    })
    using client = await RawClient.connect(addr.port)
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 5\r\n\r\n',
    )
    const { headers, body } = await client.response()
    expect([headers.trailer, body, client.trailers]).toEqual(['X-Back', 'x', 'X-Back: 5\r\n'])
  })

  test('a HEAD answered by a stream is a head, and the stream is destroyed', async () => {
    await using kernel = await httpKernel(isolation)
    const source = new Readable({ read() {} })
    const { url } = await serving(kernel, { message: fd => void kernel.write(fd, source) })
    const response = await fetch(url, { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(source.destroyed).toBe(true)
  })

  test('a client that leaves fires close once with ECONNRESET and the signal; a late answer reaches nobody else', async () => {
    await using kernel = await httpKernel(isolation)
    const arrived = Promise.withResolvers<HttpRequest>()
    const closes: unknown[] = []
    const { addr } = await serving(kernel, {
      message(fd, request) {
        if (request.path === '/silent') arrived.resolve(request)
        else kernel.write(fd, 'mine')
      },
      close: (fd, error) => void closes.push([fd, (error as any)?.code]),
    })
    using first = await RawClient.connect(addr.port)
    using second = await RawClient.connect(addr.port)
    first.send(get('/silent'))
    const request = await arrived.promise
    const aborted = once(request.signal, 'abort')
    first.close()
    await aborted
    await until(() => closes.length > 0)
    second.send(get('/'))
    expect((await second.response()).body).toBe('mine')
    expect(kernel.write(request.fd as any, 'late')).toBe(false)
    expect((await second.send(get('/')).response()).body).toBe('mine')
    expect(second.received).toBe('')
    expect(closes).toEqual([[request.fd, 'ECONNRESET']])
  })

  test('a client that leaves destroys the stream it was sent', async () => {
    await using kernel = await httpKernel(isolation)
    const closed = Promise.withResolvers<any>()
    const source = new Readable({
      read() {
        this.push('x'.repeat(1000))
      },
    })
    const { addr } = await serving(kernel, {
      message: fd => void kernel.write(fd, source),
      close: (_fd, error) => closed.resolve(error),
    })
    using client = await RawClient.connect(addr.port)
    client.send(get())
    await client.until('\r\n\r\n')
    client.close()
    expect(await closed.promise).toMatchObject({ code: 'ECONNRESET' })
    expect(source.destroyed).toBe(true)
  })

  test('a stream that fails after the head aborts the connection', async () => {
    await using kernel = await httpKernel(isolation)
    const errors: Error[] = []
    const { addr } = await serving(kernel, {
      message(fd) {
        kernel.write(
          fd,
          (async function* () {
            yield 'begun'
            throw new Error('boom')
          })(),
        )
      },
      error: (_fd, error) => void errors.push(error),
    })
    using client = await RawClient.connect(addr.port)
    const { text } = await client.send(get()).ended()
    expect(text).not.toContain('0\r\n\r\n')
    await until(() => errors.length > 0)
    expect(errors).toMatchObject([{ message: 'boom' }])
  })

  test.each<[string, () => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('secret'))],
  ])('a handler that %s is a 500 that says nothing, and an error that says all', async (_title, message) => {
    await using kernel = await httpKernel(isolation)
    const errors: Error[] = []
    const { url } = await serving(kernel, { message, error: (_fd, error) => void errors.push(error) })
    const response = await fetch(url)
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/problem+json'])
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
    })
    expect(errors).toMatchObject([{ message: 'secret' }])
  })

  test('no answer in HTTP_TIMEOUT is a 503, close with ETIMEDOUT, and a late answer is false', async () => {
    await using kernel = await httpKernel(isolation)
    const closed = Promise.withResolvers<any>()
    const { url } = await serving(
      kernel,
      { message() {}, close: (fd, error) => closed.resolve({ fd, error }) },
      [[HTTP_TIMEOUT, 50]],
    )
    const response = await fetch(`${url}/slow?x=1`)
    expect(response.status).toBe(503)
    const { fd, error } = await closed.promise
    expect(error).toMatchObject({ code: 'ETIMEDOUT' })
    expect(kernel.write(fd, 'late')).toBe(false)
    await until(() => kernel.lines.some(({ message }) => message === 'no answer in time: GET /slow'))
  })

  test('100 000 pipelined requests and a silent program: 32 exchanges, and nothing is left when the client leaves', async () => {
    await using kernel = await httpKernel(isolation)
    const open = new Set<number>()
    const { addr } = await serving(kernel, {
      message: fd => void open.add(fd),
      close: fd => void open.delete(fd),
    })
    using client = await RawClient.connect(addr.port)
    const text = get('/pipelined').repeat(1000)
    for (let i = 0; i < 100; i++) client.send(text)
    await until(() => open.size >= 32)
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
    expect(open.size).toBe(32)
    client.socket.resetAndDestroy()
    for (const fd of open) kernel.write(fd as any, 'x'.repeat(50_000))
    open.clear()
    await until(() => kernel.status().length === 1)
  }, 60_000)

  test('bind says that the port is taken, and the fd can be bound elsewhere', async () => {
    await using kernel = await httpKernel(isolation)
    const { addr } = await serving(kernel, { message: fd => void kernel.write(fd, 'first') })
    const second = kernel.create(HTTP_SERVER, fd => void kernel.write(fd, 'second'))
    await expect(kernel.bind(second, addr.port)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const { port } = await kernel.bind(second, 0)
    await kernel.listen(second)
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('second')
  })

  test('headers and limits change while it listens', async () => {
    await using kernel = await httpKernel(isolation)
    const { server, url } = await serving(kernel, { message: fd => void kernel.write(fd, 'x') })
    await kernel.setOption(server, HTTP_HEADERS, { Server: 'realm' })
    expect((await fetch(url)).headers.get('server')).toBe('realm')
    await kernel.setOption(server, HTTP_MAX_BODY_SIZE, 1)
    expect((await fetch(url, { method: 'POST', body: 'xx' })).status).toBe(413)
    await expect(kernel.setOption(server, HTTP_HEADERS, { 'bad name': 'x' })).rejects.toMatchObject({
      code: 'EINVAL',
    })
    await expect(kernel.setOption(server, HTTP_TIMEOUT, 'soon' as any)).rejects.toMatchObject({
      code: 'EINVAL',
    })
    expect(kernel.getOption(server, HTTP_HEADERS)).toEqual({ Server: 'realm' })
  })

  test("the listener's headers are on every answer, those of the worker itself too", async () => {
    await using kernel = await httpKernel(isolation)
    const { server, addr } = await serving(kernel, { message() {} }, [
      [
        HTTP_HEADERS,
        {
          'Strict-Transport-Security': 'max-age=60',
          'X-Name': 'Jürgen',
          'X-Two': ['1', '2'],
          'content-TYPE': 'text/html',
          'content-length': '1',
          CONNECTION: 'keep-alive',
          allow: 'BREW',
        },
      ],
      [HTTP_TIMEOUT, 50],
      [HTTP_MAX_BODY_SIZE, 2],
      [HTTP_MAX_HEADER_SIZE, 512],
      [HTTP_HEALTH_PATH, '/health'],
    ])
    const problem = 'application/problem+json'
    const post = (rest: string) => `POST / HTTP/1.1\r\nHost: a\r\n${rest}`
    for (const [sent, status, own] of [
      [get('/health'), 200, { 'content-type': 'application/json; charset=utf-8' }],
      ['PUT /health HTTP/1.1\r\nHost: a\r\n\r\n', 405, { 'content-type': problem, allow: 'GET, HEAD' }],
      ['GET / HTTP/1.1\r\n\r\n', 400, { 'content-type': problem, connection: 'close' }],
      ['nonsense\r\n\r\n', 400, { 'content-type': problem, connection: 'close' }],
      [
        post('Transfer-Encoding: chunked\r\n\r\nzz\r\n'),
        400,
        { 'content-type': problem, connection: 'close' },
      ],
      [post('Content-Length: 4\r\n\r\nlong'), 413, { 'content-type': problem, connection: 'close' }],
      [get('/', 'Expect: magic\r\n'), 417, { 'content-type': problem }],
      [get('/', `X-Long: ${'x'.repeat(1000)}\r\n`), 431, { 'content-type': problem, connection: 'close' }],
      ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 501, { 'content-type': problem, connection: 'close' }],
      [get('/'), 503, { 'content-type': problem }],
      ['', 408, { 'content-type': problem, connection: 'close' }],
    ] as const) {
      if (status === 408) await kernel.setOption(server, HTTP_CONNECT_TIMEOUT, 50)
      using client = await RawClient.connect(addr.port)
      const response = await client.send(sent).response()
      expect(response.status).toBe(status)
      expect(response.headers).toMatchObject({
        'strict-transport-security': 'max-age=60',
        'x-name': 'Jürgen',
        ...own,
      })
      for (const [name, lines] of Object.entries({ 'x-two': 2, 'content-type': 1, connection: 1, allow: 1 }))
        expect(response.head.match(new RegExp(`^${name}:`, 'gim'))).toHaveLength(lines)
      expect(JSON.parse(response.body)).toMatchObject({ status: status === 200 ? 'ok' : status })
    }
  })

  test('fds say that they are of HTTP', async () => {
    await using kernel = await httpKernel(isolation)
    const flags = Promise.withResolvers<number[]>()
    const { server, url } = await serving(kernel, {
      message(fd) {
        flags.resolve([HTTP_SERVER_MODE, REST_MODE, WS_MODE].map(flag => kernel.getOption(fd, flag)))
        kernel.write(fd, 'x')
      },
    })
    await fetch(url)
    expect(await flags.promise).toEqual([1, 0, 0])
    expect(kernel.getOption(server, HTTP_SERVER_MODE)).toBe(1)
  })

  test('what is written wrongly throws at once, and the exchange can still be answered', async () => {
    await using kernel = await httpKernel(isolation)
    const codes: string[] = []
    const { url } = await serving(kernel, {
      message(fd) {
        for (const wrong of [
          { status: 42 },
          { body: new Float32Array(1) },
          { body: () => 1 },
          { headers: { a: 'b\n' } },
          7,
        ])
          try {
            kernel.write(fd, wrong as any)
          } catch (error) {
            codes.push((error as any).code)
          }
        kernel.write(fd, 'right')
      },
    })
    expect(await (await fetch(url)).text()).toBe('right')
    expect(codes).toEqual(['EINVAL', 'EBADDATA', 'EBADDATA', 'EINVAL', 'EINVAL'])
  })

  test('clients that are cut off anywhere leave no fd behind', async () => {
    await using kernel = await httpKernel(isolation)
    const { addr } = await serving(
      kernel,
      {
        async message(fd, request) {
          if (request.path === '/silent') return
          const body = await request.bytes().catch(() => undefined)
          if (body) kernel.write(fd, request.path === '/stream' ? Readable.from([body, body]) : body)
        },
      },
      [[HTTP_BODY_STREAM, true]],
    )
    const post = (path: string) =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n`
    const script = `${get('/')}${post('/whole')}${post('/stream')}${get('/silent')}${post('/behind')}bad\r\n\r\nworse`
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ at: fc.nat(script.length), reset: fc.boolean(), turns: fc.nat(20) }), {
          maxLength: 8,
        }),
        async cuts => {
          const cut = async ({ at, reset, turns }: { at: number; reset: boolean; turns: number }) => {
            const { socket } = (await RawClient.connect(addr.port)).send(script.slice(0, at))
            for (let i = 0; i < turns; i++) await new Promise(resolve => setImmediate(resolve))
            if (reset) socket.resetAndDestroy()
            else socket.destroy()
          }
          await Promise.all(cuts.map(cut))
          await until(() => kernel.status().length === 1)
        },
      ),
      { numRuns: 30 },
    )
  }, 60_000)

  test('closing the kernel finishes what is in flight', async () => {
    const kernel = await httpKernel(isolation)
    const arrived = Promise.withResolvers<any>()
    const { url } = await serving(kernel, { message: fd => arrived.resolve(fd) })
    const response = fetch(url)
    const fd = await arrived.promise
    const closed = kernel.close()
    kernel.write(fd, 'done')
    expect(await (await response).text()).toBe('done')
    await closed
    await expect(fetch(url)).rejects.toThrow()
  })
})

describe.each(['thread', 'process'] as const)('while the program is blocked, over %s', isolation => {
  test('the health path is answered', async () => {
    await using kernel = await httpKernel(isolation)
    const { url } = await serving(kernel, { message() {} }, [[HTTP_HEALTH_PATH, '/health']])
    const script = `process.stdin.once('data', async () => {
      const response = await fetch('${url}/health')
      console.log(JSON.stringify({ at: Date.now(), status: response.status, body: await response.text() }))
      process.exit()
    }); console.log('ready')`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      output += text
    })
    await until(() => output.includes('ready'))
    await new Promise<void>(resolve => child.stdin.write('go', () => resolve()))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
    const unblocked = Date.now()
    await once(child, 'exit')
    const answer = JSON.parse(output.split('\n')[1]!)
    expect(answer).toMatchObject({ status: 200, body: '{"status":"ok"}' })
    expect(answer.at).toBeLessThan(unblocked)
  })
})

describe.each(ISOLATIONS)('HTTPS over %s', isolation => {
  let authority: Authority
  let main: Issued
  let other: Issued
  beforeAll(() => {
    authority = new Authority()
    main = authority.issue('localhost')
    other = authority.issue('other.test')
  })
  afterAll(() => authority[Symbol.dispose]())

  const ask = (port: number, servername: string, tls: ConnectionOptions = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      httpsRequest(
        { host: '127.0.0.1', port, agent: false, ca: authority.certificate, servername, ...tls },
        response => {
          response.setEncoding('utf8').on('data', resolve)
        },
      )
        .on('error', reject)
        .end()
    })

  test('serves, says what is missing, and takes another certificate while it listens', async () => {
    await using kernel = await httpKernel(isolation)
    const server = kernel.create(HTTPS_SERVER, fd => void kernel.write(fd, 'secure'))
    await expect(kernel.bind(server, 0)).rejects.toMatchObject({
      code: 'EINVAL',
      message: expect.stringContaining('TLS_CERTIFICATE (322)'),
    })
    await kernel.setOption(server, TLS_CERTIFICATE, main.certificate)
    await kernel.setOption(server, TLS_PRIVATE_KEY, main.privateKeyPath)
    const { port } = await kernel.bind(server, 0)
    await kernel.listen(server)
    expect(await ask(port, 'localhost')).toBe('secure')
    await Promise.all([
      kernel.setOption(server, TLS_CERTIFICATE, other.certificatePath),
      kernel.setOption(server, TLS_PRIVATE_KEY, other.privateKey),
    ])
    expect(await ask(port, 'other.test')).toBe('secure')
    await expect(kernel.setOption(server, TLS_CERTIFICATE, main.certificate)).rejects.toMatchObject({
      code: 'EINVAL',
    })
    expect(await ask(port, 'other.test')).toBe('secure')
    expect(kernel.getOption(server, TLS_PRIVATE_KEY)).toBe('[redacted]')
  })

  test('an exchange tells what its handshake agreed on, and whose certificate the client has', async () => {
    await using kernel = await httpKernel(isolation)
    const server = kernel.create(HTTPS_SERVER, {
      error() {},
      async message(fd) {
        const session = await kernel.query(fd, TLS_SESSION)
        const refused = await kernel.query(fd, TLS_CERTIFICATE).catch(error => error.code)
        kernel.write(fd, { body: { session, refused } })
      },
    })
    await kernel.setOption(server, TLS_CERTIFICATE, main.certificate)
    await kernel.setOption(server, TLS_PRIVATE_KEY, main.privateKey)
    await kernel.setOption(server, TLS_ALPN, ['http/1.1'])
    const { port } = await kernel.bind(server, 0)
    await kernel.listen(server)
    const anonymous = JSON.parse(await ask(port, 'localhost', { ALPNProtocols: ['http/1.1'] }))
    expect(anonymous).toEqual({
      session: {
        protocol: 'TLSv1.3',
        cipher: expect.stringMatching(/^TLS_/),
        alpn: 'http/1.1',
        serverName: 'localhost',
        authorized: false,
      },
      refused: 'ENOTSUP',
    })
    await kernel.setOption(server, TLS_CA, authority.certificate)
    await kernel.setOption(server, SO_TLS_VERIFY_PEER, true)
    const { session } = JSON.parse(
      await ask(port, 'localhost', { cert: other.certificate, key: other.privateKey }),
    )
    expect(session).toMatchObject({
      authorized: true,
      peerCertificate: {
        subject: 'CN=other.test',
        issuer: 'CN=Test CA',
        altNames: expect.stringContaining('DNS:other.test'),
      },
    })
  })
})
