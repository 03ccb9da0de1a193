import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { HTTP_CLIENT_MODE, HTTP_SERVER_MODE, SO_MAX_CONNECTIONS } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import {
  HTTP_BODY,
  HTTP_BODY_STREAM,
  HTTP_CLIENT,
  HTTP_HEADERS,
  HTTP_MAX_BODY_SIZE,
  HTTP_METHOD,
  HTTP_URL,
  HTTP_USER_AGENT,
  type HttpResponse,
} from '../src/index.ts'
import { bodyOf, clientKernel, clientOf, mirror, origin } from './support/client.ts'
import { ISOLATIONS } from './support/kernel.ts'

describe.each(ISOLATIONS)('over %s', isolation => {
  test('request resolves with the response, which has all its fields', async () => {
    await using server = await origin((_request, response) => {
      response.writeHead(201, 'Made', { 'X-A': ['1', '2'], 'Set-Cookie': ['a=1', 'b=2'] })
      response.end('{"ok":true}')
    })
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url)
    const asked = { url: '/a?x=1#part', query: { y: [2, 3] } }
    const response = await kernel.request(fd, asked)
    expect(response).toMatchObject({ fd, status: 201, reason: 'Made', ok: true, redirects: 0 })
    expect(response.url).toBe(`${server.url}/a?x=1&y=2&y=3`)
    expect(response.headers['x-a']).toBe('1, 2')
    expect(response.headers['set-cookie']).toEqual(['a=1', 'b=2'])
    expect(response.raw_headers.slice(0, 4)).toEqual(['X-A', '1', 'X-A', '2'])
    expect(await response.json()).toEqual({ ok: true })
    expect(response.request).toBe(asked)
    expect([kernel.getOption(fd, HTTP_CLIENT_MODE), kernel.getOption(fd, HTTP_SERVER_MODE)]).toEqual([1, 0])
  })

  test('write sends, and the response is a message', async () => {
    await using server = await origin(mirror)
    await using kernel = await clientKernel(isolation)
    const arrived = Promise.withResolvers<HttpResponse>()
    const fd = kernel.create(HTTP_CLIENT, (_fd, response) => arrived.resolve(response))
    void kernel.connect(fd, server.url)
    expect(kernel.write(fd, { method: 'PUT', url: '/x', json: [1] })).toBe(true)
    const response = await arrived.promise
    expect(await response.json()).toMatchObject({ method: 'PUT', url: '/x', body: '[1]' })
    expect(response.request).toEqual({ method: 'PUT', url: '/x', json: [1] })
  })

  test('a written request that fails is reported with what it was', async () => {
    await using kernel = await clientKernel(isolation)
    const failed = Promise.withResolvers<any>()
    const fd = kernel.create(HTTP_CLIENT, { error: (_fd, error) => failed.resolve(error) })
    const server = await origin(mirror)
    await server[Symbol.asyncDispose]()
    kernel.write(fd, `${server.url}/lost`)
    expect(await failed.promise).toMatchObject({
      code: 'ECONNREFUSED',
      details: { method: 'GET', url: `${server.url}/lost` },
    })
  })

  test('streams go both ways, larger than any buffer, as fast as they are read', async () => {
    await using server = await origin((request, response) => void request.pipe(response))
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url)
    const chunk = Buffer.alloc(64 * 1024, 'x')
    let sent = 0
    async function* body() {
      for (; sent < 200; sent++) yield chunk
    }
    const response = await kernel.request(fd, { body: body(), stream: true })
    // Nobody has read yet: the source is held back long before its end.
    await until(() => sent > 5)
    let received = 0
    for await (const part of response.body) received += part.length
    expect(received).toBe(200 * chunk.length)
    expect(sent).toBe(200)
  })

  test('a stream that nobody reads holds up neither its fd nor more of the server than its window', async () => {
    let written = 0
    await using server = await origin((request, response) => {
      if (request.url === '/small') return response.end('small')
      const more = (): void => {
        while (written < 50_000_000) {
          written += 65_536
          if (!response.write(Buffer.alloc(65_536))) return void response.once('drain', more)
        }
        response.end()
      }
      more()
    })
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url, [[HTTP_BODY_STREAM, true]])
    const unread = await kernel.request(fd, '/large')
    for (let i = 0; i < 3; i++) {
      const small = await kernel.request(fd, '/small')
      expect(await small.text()).toBe('small')
    }
    expect(written).toBeLessThan(50_000_000)
    ;(unread.body as Readable).destroy()
  })

  test('bodies come whole, small and large', async () => {
    await using server = await origin((request, response) => void request.pipe(response))
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url, [[HTTP_MAX_BODY_SIZE, 8_000_000]])
    for (const size of [0, 1, 5_000, 5_000_000]) {
      const body = randomBytes(size)
      const response = await kernel.request(fd, { method: 'POST', body })
      expect((response.body as Buffer).equals(body)).toBe(true)
    }
    await expect(kernel.request(fd, { body: Buffer.alloc(8_000_001) })).rejects.toMatchObject({
      code: 'EMSGSIZE',
      message: expect.stringContaining('HTTP_MAX_BODY_SIZE'),
    })
  })

  test('closing aborts what is under way, and the server is told', async () => {
    const left = Promise.withResolvers<void>()
    await using server = await origin((_request, response) => {
      response.on('close', () => left.resolve())
      response.write('a')
    })
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url)
    const waiting = kernel.request(fd, { stream: true })
    const { body } = await waiting
    const silent = kernel.request(fd, '/silent')
    const ended = once(body as Readable, 'error')
    await Promise.all([
      kernel.close(fd, { abort: true }),
      expect(silent).rejects.toMatchObject({ code: 'ECANCELED' }),
    ])
    expect((await ended)[0]).toMatchObject({ code: 'ECANCELED' })
    await left.promise
  })

  test('a signal and a timeout give one request up, and not the others', async () => {
    let open = 0
    await using server = await origin((request, response) => {
      if (request.url === '/') return response.end('ok')
      open++
      response.on('close', () => open--)
    })
    await using kernel = await clientKernel(isolation)
    const fd = await clientOf(kernel, server.url)
    const giveUp = new AbortController()
    const cancelled = kernel.request(fd, '/never', { signal: giveUp.signal })
    const late = kernel.request(fd, '/never', { timeout: 20 })
    const alsoLate = kernel.request(fd, { url: '/never', timeout: 20 })
    await expect(late).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await expect(alsoLate).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    giveUp.abort()
    await expect(cancelled).rejects.toMatchObject({ code: 'ECANCELED' })
    expect((await kernel.request(fd, '/')).status).toBe(200)
    await until(() => open === 0)
  })
})

test('bodies have the types of their kinds, and options stand in for what a request does not say', async () => {
  await using server = await origin(mirror)
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  const ask = async (request: object): Promise<any> => (await kernel.request(fd, request)).json()
  const typed = async (request: object): Promise<unknown[]> => {
    const { method, headers, body } = await ask(request)
    return [method, headers['content-type'], body]
  }
  expect(await typed({ body: 'hi' })).toEqual(['POST', 'text/plain; charset=utf-8', 'hi'])
  expect(await typed({ body: Buffer.from('hi') })).toEqual(['POST', 'application/octet-stream', 'hi'])
  expect(await typed({ body: { a: 1 } })).toEqual(['POST', 'application/json', '{"a":1}'])
  expect(await typed({ json: 'text' })).toEqual(['POST', 'application/json', '"text"'])
  expect(await typed({ json: null })).toEqual(['POST', 'application/json', 'null'])
  const form = ['POST', 'application/x-www-form-urlencoded', 'a=1&b=x+y&b=%26']
  expect(await typed({ form: { a: 1, b: ['x y', '&'] } })).toEqual(form)
  expect(await typed({ body: new URLSearchParams('a=1') })).toEqual([form[0], form[1], 'a=1'])
  expect(await typed({ body: Readable.from(['a', 'b']) })).toEqual(['POST', 'application/octet-stream', 'ab'])
  expect(await typed({ body: 'x', headers: { 'Content-Type': 'text/csv' } })).toEqual([
    'POST',
    'text/csv',
    'x',
  ])
  const plain = await ask({})
  expect(plain.method).toBe('GET')
  expect(plain.headers).toMatchObject({ 'user-agent': 'unisock', 'accept-encoding': 'gzip, deflate, br' })

  await kernel.setOption(fd, HTTP_HEADERS, { 'X-Key': 'k', Accept: 'a/b' })
  await kernel.setOption(fd, HTTP_USER_AGENT, '')
  await kernel.setOption(fd, HTTP_METHOD, 'PATCH')
  await kernel.setOption(fd, HTTP_BODY, { standing: true })
  const standing = await ask({ headers: { 'x-key': 'own' } })
  expect(standing).toMatchObject({ method: 'PATCH', body: '{"standing":true}' })
  expect(standing.headers).toMatchObject({ 'x-key': 'own', accept: 'a/b' })
  expect(standing.headers['user-agent']).toBeUndefined()
  expect((await ask({ method: 'GET' })).body).toBe('')
  const part = await ask({ method: 'GET', headers: { Range: 'bytes=0-1' } })
  expect(part.headers).toMatchObject({ range: 'bytes=0-1', 'accept-encoding': 'identity' })
})

test('forms with files arrive as forms with files', async () => {
  await using server = await origin((request, response) => {
    void bodyOf(request).then(async body => {
      const form = await new Response(new Uint8Array(body), { headers: request.headers as any }).formData()
      const parts = [...form].map(async ([name, value]) =>
        typeof value === 'string' ? [name, value] : [name, value.name, value.type, await value.text()],
      )
      response.end(JSON.stringify(await Promise.all(parts)))
    })
  })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  const multipart = {
    'na"me': 'text\r\n',
    n: [1, true],
    bytes: Buffer.from('b'),
    file: { body: 'x,y', filename: 'a"\r\nb.csv', type: 'text/csv' },
    left: undefined,
  }
  const whole = [
    ['na"me', 'text\r\n'],
    ['n', '1'],
    ['n', 'true'],
    ['bytes', 'bytes', 'application/octet-stream', 'b'],
    ['file', 'a"\r\nb.csv', 'text/csv', 'x,y'],
  ]
  expect(await (await kernel.request(fd, { multipart })).json()).toEqual(whole)
  const streamed = {
    ...multipart,
    s: { body: Readable.from(['1', '2']), filename: 's' },
    blob: new Blob(['z']),
  }
  expect(await (await kernel.request(fd, { multipart: streamed })).json()).toEqual([
    ...whole,
    ['s', 's', 'application/octet-stream', '12'],
    ['blob', 'blob', 'application/octet-stream', 'z'],
  ])
  const form = new FormData()
  form.append('a', '1')
  form.append('f', new File(['data'], 'f.txt', { type: 'text/plain' }))
  expect(await (await kernel.request(fd, { body: form })).json()).toEqual([
    ['a', '1'],
    ['f', 'f.txt', 'text/plain', 'data'],
  ])
})

test('connect takes URLs, ports, local sockets and HTTP_URL; a relative URL is relative to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'unisock-http-'))
  const path = join(folder, 'a.sock')
  const local = createServer(mirror)
  await once(local.listen(path), 'listening')
  await using server = await origin(mirror)
  await using kernel = await clientKernel()
  const seen = async (fd: any, url: string) => (await ((await kernel.request(fd, url)) as any).json()).url
  const byUrl = kernel.create(HTTP_CLIENT, {})
  expect(await kernel.connect(byUrl, `${server.url}/v1/`)).toEqual({
    address: '127.0.0.1',
    port: server.port,
    family: 'IPv4',
  })
  expect(await Promise.all(['', 'a', '/a', '?q', '../up'].map(url => seen(byUrl, url)))).toEqual([
    '/v1/',
    '/v1/a',
    '/a',
    '/v1/?q',
    '/up',
  ])
  const byPort = kernel.create(HTTP_CLIENT, {})
  await kernel.connect(byPort, server.port)
  expect(await seen(byPort, '/p')).toBe('/p')
  const byPath = kernel.create(HTTP_CLIENT, {})
  expect(await kernel.connect(byPath, { path })).toEqual({ address: path, port: 0, family: 'local' })
  expect(await seen(byPath, '/local')).toBe('/local')
  const byOption = kernel.create(HTTP_CLIENT, {})
  void kernel.setOption(byOption, HTTP_URL, `${server.url}/o/`)
  await kernel.connect(byOption)
  expect(await seen(byOption, 'x')).toBe('/o/x')
  const unconnected = kernel.create(HTTP_CLIENT, {})
  expect(await seen(unconnected, `${server.url}/whole`)).toBe('/whole')
  await expect(kernel.request(unconnected, '/x')).rejects.toMatchObject({ code: 'ENOTCONN' })
  await expect(kernel.connect(kernel.create(HTTP_CLIENT, {}))).rejects.toMatchObject({ code: 'EBADADDR' })
  local.close()
  rmSync(folder, { recursive: true })
})

test('connections are kept and used again, as many as SO_MAX_CONNECTIONS allows', async () => {
  const sockets = new Set<unknown>()
  const held: (() => void)[] = []
  let most = 0
  await using server = await origin((request, response) => {
    sockets.add(request.socket)
    if (request.url === '/one') return response.end('x')
    most = Math.max(
      most,
      held.push(() => response.end('x')),
    )
    if (held.length === 3) for (const answer of held.splice(0)) answer()
  })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url, [[SO_MAX_CONNECTIONS, 3]])
  await Promise.all(Array.from({ length: 30 }, () => kernel.request(fd, '/')))
  for (let i = 0; i < 5; i++) await kernel.request(fd, '/one')
  expect([most, sockets.size]).toEqual([3, 3])
})

test('write says false when much is unanswered, and drain when it may go on', async () => {
  const held: (() => void)[] = []
  await using server = await origin((_request, response) => void held.push(() => response.end('x')))
  await using kernel = await clientKernel()
  const drained = Promise.withResolvers<void>()
  let answers = 0
  const fd = kernel.create(HTTP_CLIENT, { message: () => void answers++, drain: () => drained.resolve() })
  void kernel.connect(fd, server.url)
  const body = Buffer.alloc(1024, 'x')
  let written = 1
  while (kernel.write(fd, { body })) written++
  expect(written).toBeGreaterThan(200)
  await until(() => {
    for (const answer of held.splice(0)) answer()
    return answers === written
  })
  await drained.promise
})

test('close lets requests that were written be made', async () => {
  const arrived: string[] = []
  await using server = await origin((request, response) => {
    arrived.push(request.url!)
    setImmediate(() => response.end())
  })
  await using kernel = await clientKernel()
  const fd = kernel.create(HTTP_CLIENT, {})
  void kernel.connect(fd, server.url)
  for (let i = 0; i < 10; i++) kernel.write(fd, `/${i}`)
  await kernel.close(fd)
  expect(arrived.length).toBe(10)
})

test('end answers what was asked, then ends the fd', async () => {
  await using server = await origin((_request, response) => void setImmediate(() => response.end('late')))
  await using kernel = await clientKernel()
  const closed = Promise.withResolvers<unknown>()
  const fd = kernel.create(HTTP_CLIENT, { close: (_fd, error) => closed.resolve(error) })
  void kernel.connect(fd, server.url)
  const response = kernel.request(fd, '/')
  kernel.end(fd)
  expect(await (await response).text()).toBe('late')
  expect(await closed.promise).toBeUndefined()
})

test('trailers are there at the end of a body', async () => {
  await using server = await origin((_request, response) => {
    response.writeHead(200, { trailer: 'x-sum' })
    response.write('a')
    response.addTrailers({ 'x-sum': '1' })
    response.end()
  })
  await using kernel = await clientKernel()
  const fd = await clientOf(kernel, server.url)
  expect((await kernel.request(fd, '/')).trailers['x-sum']).toBe('1')
  const streamed = await kernel.request(fd, { stream: true })
  await streamed.text()
  expect(streamed.trailers['x-sum']).toBe('1')
})
