/** WebSockets on the port of an HTTP or REST server. */
import {
  type Addr,
  createKernel,
  RATE_LIMIT_CONNECTIONS,
  TLS_CERTIFICATE,
  TLS_PRIVATE_KEY,
} from '@unisock/kernel'
import { APACHE_PROXY_ENABLE, HTTP_SERVER, HTTPS_SERVER, http } from '@unisock/plugin-http'
import { REST_ADD_ROUTE, REST_SERVER, rest, route } from '@unisock/plugin-rest'
import { describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import { memoryLogger } from '../../../test/support/memory-logger.ts'
import { WEBSOCKET_SECURE_SERVER, WEBSOCKET_SERVER, WS_HANDSHAKE, ws } from '../src/index.ts'
import { addressOf } from '../src/server/shared-port.ts'
import { ISOLATIONS, peer, refusedWith } from './support/kernel.ts'
import { RawPeer, request } from './support/raw.ts'

type Isolation = (typeof ISOLATIONS)[number]

function web(isolation: Isolation = 'inline', worker: string | null = 'web') {
  const where = worker === null ? { isolation } : { isolation, worker }
  return createKernel({ plugins: [http(where), rest(where), ws(where)], logger: memoryLogger() })
}
type Kernel = Awaited<ReturnType<typeof web>>

/** An HTTP server that says hello, and listens. */
async function greeting(kernel: Kernel) {
  const server = kernel.create(HTTP_SERVER, fd => void kernel.write(fd, 'hello'))
  const { port } = await kernel.bind(server, 0)
  await kernel.listen(server)
  return { server, port }
}

/** A WebSocket server on another's port, which says what it got, with a word before it. */
function answering(kernel: Kernel, word: string) {
  return kernel.create(WEBSOCKET_SERVER, (fd, { data }) => void kernel.write(fd, `${word} ${data}`))
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a REST server and a WebSocket server share a port', async () => {
    await using kernel = await web(isolation)
    const api = kernel.create(REST_SERVER, () => {})
    void kernel.setOption(
      api,
      REST_ADD_ROUTE,
      route({ method: 'GET', pattern: '/users', handler: () => ['ann'] }),
    )
    const chat = answering(kernel, 'chat')
    void kernel.bind(api, 0)
    void kernel.listen(api)
    const addr = await kernel.bind(chat, { on: api, path: '/ws' })
    await kernel.listen(chat)
    expect(addr).toEqual(kernel.address(api))
    const base = `127.0.0.1:${addr.port}`
    await using client = await peer(`ws://${base}/ws?room=1`)
    client.socket.send('hi')
    expect(await client.inbox.next()).toBe('chat hi')
    expect(await (await fetch(`http://${base}/users`)).json()).toEqual(['ann'])
    expect((await fetch(`http://${base}/ws`)).status).toBe(404)
    expect((await refusedWith(`ws://${base}/users`)).status).toBe(200)
  })

  test('in another worker there is nothing to share, and the error says what to do', async () => {
    await using kernel = await web(isolation, null)
    const { server } = await greeting(kernel)
    await expect(kernel.bind(answering(kernel, ''), { on: server })).rejects.toMatchObject({
      code: 'ENOTSUP',
      message: expect.stringContaining('both plugins must name the same worker'),
    })
  })
})

test.each([
  ['a trusted proxy', true, '192.0.2.7'],
  ['a peer that is not trusted', { trusted: ['192.0.2.1'] }, '127.0.0.1'],
] as const)('the client is whom %s names', async (_who, value, client) => {
  await using kernel = await web()
  const { server, port } = await greeting(kernel)
  await kernel.setOption(server, APACHE_PROXY_ENABLE, value)
  const opened = Promise.withResolvers<Addr>()
  const chat = kernel.create(WEBSOCKET_SERVER, { open: (_fd, _listener, addr) => opened.resolve(addr) })
  await kernel.setOption(chat, RATE_LIMIT_CONNECTIONS, { rate: 0.001, burst: 1 })
  await kernel.bind(chat, { on: server, path: '/ws' })
  await kernel.listen(chat)
  const url = `ws://127.0.0.1:${port}/ws`
  await using _first = await peer(url, [], { headers: { 'X-Forwarded-For': '192.0.2.7' } })
  expect(await opened.promise).toMatchObject({ address: client })
  const again = await refusedWith(url, [], { headers: { 'X-Forwarded-For': '192.0.2.7' } })
  expect(again.status).toBe(429)
})

test('several servers take paths of their own, one all others, and none takes what is taken', async () => {
  await using kernel = await web()
  const { server, port } = await greeting(kernel)
  for (const [word, path] of [
    ['one', '/one'],
    ['two', '/two'],
    ['rest', undefined],
  ] as const) {
    const fd = answering(kernel, word)
    await kernel.bind(fd, { on: server, ...(path !== undefined && { path }) })
    await kernel.listen(fd)
  }
  for (const [path, word] of [
    ['/one', 'one'],
    ['/two?x', 'two'],
    ['/one/', 'rest'],
    ['/', 'rest'],
  ]) {
    await using client = await peer(`ws://127.0.0.1:${port}${path}`)
    client.socket.send('x')
    expect([path, await client.inbox.next()]).toEqual([path, `${word} x`])
  }
  await expect(kernel.bind(answering(kernel, ''), { on: server, path: '/one' })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  })
})

test('a server that is not bound has no port to share, and one that ends before it is says so', async () => {
  const address = Promise.withResolvers<any>()
  const service = { address: address.promise, secure: false, take: () => () => {} }
  await expect(addressOf(service, 7, 1)).rejects.toMatchObject({
    code: 'ENOADDR',
    message: 'bind fd 7 first, whose port is to be shared',
  })
  await using kernel = await web()
  const server = kernel.create(HTTP_SERVER, () => {})
  const binding = kernel.bind(answering(kernel, ''), { on: server })
  void kernel.close(server)
  await expect(binding).rejects.toMatchObject({ code: 'EBADF' })
})

test('without a taker the HTTP server answers as if no upgrade was asked for, before and after there was one', async () => {
  await using kernel = await web()
  const { server, port } = await greeting(kernel)
  const url = `ws://127.0.0.1:${port}/`
  expect((await refusedWith(url)).status).toBe(200)
  const fd = answering(kernel, 'x')
  await kernel.bind(fd, { on: server, path: '/' })
  expect((await refusedWith(url)).status).toBe(503)
  await kernel.listen(fd)
  await using client = await peer(url)
  expect((await refusedWith(`${url}elsewhere`)).status).toBe(200)
  using other = await RawPeer.connect(port)
  expect((await other.send(request({ Upgrade: 'h2c' })).response()).status).toBe(200)
  await kernel.close(fd)
  expect((await refusedWith(url)).status).toBe(200)
  client.socket.send('y')
  expect(await client.inbox.next()).toBe('x y')
})

test('a handshake that lacks something is refused by the WebSocket server', async () => {
  await using kernel = await web()
  const { server, port } = await greeting(kernel)
  const fd = answering(kernel, '')
  await kernel.bind(fd, { on: server })
  await kernel.listen(fd)
  using raw = await RawPeer.connect(port)
  expect((await raw.send(request({ 'Sec-WebSocket-Version': '7' })).response()).status).toBe(426)
  await raw.ended()
})

test('an upgrade behind a request that is not answered does not overtake the answer', async () => {
  await using kernel = await web()
  const held = Promise.withResolvers<any>()
  const server = kernel.create(HTTP_SERVER, (fd, { path }) => {
    if (path === '/slow') held.resolve(fd)
    else kernel.write(fd, 'fast')
  })
  const { port } = await kernel.bind(server, 0)
  await kernel.listen(server)
  const fd = answering(kernel, '')
  await kernel.bind(fd, { on: server })
  await kernel.listen(fd)
  using raw = await RawPeer.connect(port)
  raw.send(`GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n${request()}`)
  kernel.write(await held.promise, 'slow')
  expect(await raw.response()).toMatchObject({ status: 200, body: 'slow' })
  expect(await raw.response()).toMatchObject({ status: 200, body: 'fast' })
})

test('WebSockets outlive the HTTP server that they came by, and do not hold it up', async () => {
  await using kernel = await web()
  const { server, port } = await greeting(kernel)
  const fd = answering(kernel, 'x')
  await kernel.bind(fd, { on: server })
  await kernel.listen(fd)
  await using client = await peer(`ws://127.0.0.1:${port}/`)
  await kernel.close(server, { abort: true })
  client.socket.send('still here')
  expect(await client.inbox.next()).toBe('x still here')
  await expect(peer(`ws://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('over TLS the port is shared too, with either mode; a secure one wants TLS below it', async () => {
  using authority = new Authority()
  const { certificate, privateKey } = authority.issue('localhost')
  await using kernel = await web()
  const server = kernel.create(HTTPS_SERVER, fd => void kernel.write(fd, 'hello'))
  void kernel.setOption(server, TLS_CERTIFICATE, certificate)
  void kernel.setOption(server, TLS_PRIVATE_KEY, privateKey)
  const { port } = await kernel.bind(server, 0)
  await kernel.listen(server)
  const plain = answering(kernel, 'plain')
  await kernel.bind(plain, { on: server, path: '/plain' })
  await kernel.listen(plain)
  const opened = Promise.withResolvers<any>()
  const secure = kernel.create(WEBSOCKET_SECURE_SERVER, { open: fd => opened.resolve(fd) })
  await kernel.bind(secure, { on: server, path: '/secure' })
  await kernel.listen(secure)
  const options = { ca: authority.certificate }
  await using one = await peer(`wss://localhost:${port}/plain`, [], options)
  one.socket.send('x')
  expect(await one.inbox.next()).toBe('plain x')
  await using _two = await peer(`wss://localhost:${port}/secure`, [], options)
  expect(await kernel.query(await opened.promise, WS_HANDSHAKE)).toMatchObject({ path: '/secure' })
  await kernel.close(server)
  one.socket.send('y')
  expect(await one.inbox.next()).toBe('plain y')

  const { server: http } = await greeting(kernel)
  const wrong = kernel.create(WEBSOCKET_SECURE_SERVER, {})
  await expect(kernel.bind(wrong, { on: http })).rejects.toMatchObject({ code: 'EINVAL' })
})

test('a worker that is restarted shares its port again', async () => {
  await using kernel = await web('process')
  const gone = Promise.withResolvers<void>()
  const chat = kernel.create(WEBSOCKET_SERVER, {
    message: (fd, { data }) => void kernel.write(fd, `again ${data}`),
    close: () => gone.resolve(),
  })
  const api = kernel.create(REST_SERVER, () => {})
  for (let i = 0; i < 20; i++)
    void kernel.setOption(api, REST_ADD_ROUTE, route({ method: 'GET', pattern: `/${i}`, handler: () => i }))
  const { port } = await kernel.bind(api, 0)
  await kernel.listen(api)
  await kernel.bind(chat, { on: api, path: '/ws' })
  await kernel.listen(chat)
  const url = `ws://127.0.0.1:${port}/ws`
  await using before = await peer(url)
  const { workers } = await kernel.inspect()
  process.kill(workers[0]!.inside!.pid, 'SIGKILL')
  await Promise.all([before.closed, gone.promise])
  for (;;) {
    const after = await peer(url).catch(() => undefined)
    if (!after) continue
    await using client = after
    client.socket.send('x')
    expect(await client.inbox.next()).toBe('again x')
    return
  }
})
