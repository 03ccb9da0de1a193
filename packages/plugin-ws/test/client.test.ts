/** Clients: where they connect, what they send, how they fail, and how they come back. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer as createHttpServer, type Server } from 'node:http'
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { watchLaunches } from '../../kernel/test/support/launches.ts'
import {
  WS_EXTENSIONS,
  WS_HANDSHAKE,
  WS_HANDSHAKE_TIMEOUT,
  WS_HEADERS,
  WS_ORIGIN,
  WS_PROTOCOL,
  WS_RECONNECT,
  type WsMessage,
} from '../src/index.ts'
import { dialling, echoing, Inbox, ISOLATIONS, serving, until, wsKernel } from './support/kernel.ts'
import { acceptOf, closeFrame, frame, TEXT } from './support/raw.ts'

/** A server that a test owns. */
async function owned<S extends Server | NetServer>(
  server: S,
): Promise<{ port: number; http: S } & AsyncDisposable> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    http: server,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

/** A server that answers each request head with what `respond` makes of its key. */
function answering(respond: (key: string) => string | Buffer) {
  return owned(
    createServer(socket => {
      socket.on('error', () => {})
      socket.once('data', head => {
        const key = /sec-websocket-key: (.*)\r\n/i.exec(String(head))?.[1] ?? ''
        socket.write(respond(key))
      })
    }),
  )
}

const switching = (key: string, ...more: string[]) =>
  [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptOf(key)}`,
    ...more,
    '\r\n',
  ].join('\r\n')

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a client connects to a URL, to a host and port, and to a local socket', async () => {
    await using kernel = await wsKernel(isolation)
    const directory = mkdtempSync(join(tmpdir(), 'unisock-ws-'))
    try {
      const path = join(directory, 'socket')
      const local = await serving(
        kernel,
        echoing(() => kernel),
        [],
        { at: { path } },
      )
      expect(local.addr).toEqual({ address: path, port: 0, family: 'local' })
      const { port } = await serving(
        kernel,
        echoing(() => kernel),
      )
      for (const to of [`ws://localhost:${port}/a?b`, { host: '127.0.0.1', port }, port, { path }, path]) {
        const inbox = new Inbox<WsMessage>()
        const client = await dialling(kernel, to, { message: (_fd, message) => inbox.put(message) })
        kernel.write(client, 'x')
        expect((await inbox.next()).data).toBe('x')
        await kernel.close(client)
      }
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('it sends what its options say to a server of the ws library, and tells what that answered', async () => {
    await using kernel = await wsKernel(isolation)
    const requests: any[] = []
    const http = createHttpServer()
    new WebSocketServer({ server: http, perMessageDeflate: true, handleProtocols: () => 'b' }).on(
      'connection',
      (socket, { url, headers }) => {
        requests.push({ url, ...headers })
        socket.on('message', (data, binary) => socket.send(data, { binary }))
      },
    )
    await using server = await owned(http)
    const inbox = new Inbox<WsMessage>()
    const client = await dialling(
      kernel,
      `ws://ann:secret@127.0.0.1:${server.port}/play?room=1`,
      { message: (_fd, message) => inbox.put(message) },
      [
        [WS_PROTOCOL, ['a', 'b']],
        [WS_ORIGIN, 'https://game.example'],
        [WS_HEADERS, { 'X-Game': 'realm', Cookie: 'id=7' }],
        [WS_EXTENSIONS, ['permessage-deflate']],
      ],
    )
    expect(requests[0]).toMatchObject({
      url: '/play?room=1',
      origin: 'https://game.example',
      'x-game': 'realm',
      cookie: 'id=7',
      authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}`,
      'sec-websocket-protocol': 'a,b',
    })
    expect(await kernel.query(client, WS_HANDSHAKE)).toMatchObject({
      path: '/play',
      query_params: { room: '1' },
      protocol: 'b',
      extensions: expect.stringContaining('permessage-deflate'),
      headers: { upgrade: 'websocket' },
    })
    kernel.write(client, { data: { long: 'x'.repeat(5000) } })
    expect(await inbox.next()).toMatchObject({
      protocol: 'b',
      data: { long: 'x'.repeat(5000) },
      frame_info: { compressed: true, length: 5011 },
    })
  })

  test('a client that loses its connection comes back with another open, when it is told to', async () => {
    await using kernel = await wsKernel(isolation)
    const fds: any[] = []
    const { url } = await serving(
      kernel,
      echoing(() => kernel, { open: fd => void fds.push(fd) }),
    )
    const events: unknown[] = []
    const inbox = new Inbox<WsMessage>()
    const client = await dialling(
      kernel,
      url,
      {
        open: (_fd, _listener, { port }) => void events.push(['open', port]),
        error: (_fd, error) => void events.push(['error', (error as { code?: string }).code]),
        close: () => void events.push(['close']),
        message: (_fd, message) => inbox.put(message),
      },
      [[WS_RECONNECT, { min: 0.001 }]],
    )
    const port = Number(new URL(url).port)
    for (let times = 1; times <= 3; times++) {
      await until(() => fds.length === times)
      void kernel.close(fds.at(-1), times === 1 ? { abort: true } : { code: 1012 })
      await until(() => events.length === 1 + 2 * times)
      kernel.write(client, `${times}`)
      expect((await inbox.next()).data).toBe(`${times}`)
    }
    expect(events).toEqual([
      ['open', port],
      ['error', 'ECONNRESET'],
      ['open', port],
      ['error', 'EPROTO'],
      ['open', port],
      ['error', 'EPROTO'],
      ['open', port],
    ])
  })
})

describe('a failed connect ends the fd with an error that says why', () => {
  test('nobody listens', async () => {
    await using kernel = await wsKernel()
    const server = createServer()
    const { port } = await owned(server).then(async made => {
      await made[Symbol.asyncDispose]()
      return made
    })
    await expect(dialling(kernel, port)).rejects.toMatchObject({ code: 'ECONNREFUSED', op: 'connect' })
    expect(kernel.status()).toEqual([])
  })

  test.each<[number, string, string, boolean]>([
    [400, 'EPROTO', 'the server answered 400 Bad Request', false],
    [401, 'EACCES', 'the server answered 401 Unauthorized', false],
    [403, 'EACCES', 'the server answered 403 Forbidden', false],
    [404, 'EPROTO', 'the server answered 404 Not Found', false],
    [429, 'ECONNREFUSED', 'the server answered 429 Too Many Requests', true],
    [500, 'EPROTO', 'the server answered 500 Internal Server Error', true],
    [503, 'ECONNREFUSED', 'the server answered 503 Service Unavailable', true],
    [200, 'EPROTO', 'the server answered 200 OK', false],
    [302, 'EPROTO', 'the server answered 302 Found (/elsewhere)', false],
  ])('an answer of %i', async (status, code, message, retryable) => {
    await using kernel = await wsKernel()
    await using server = await owned(
      createHttpServer(
        (_request, response) => void response.writeHead(status, { Location: '/elsewhere' }).end(),
      ),
    )
    await expect(dialling(kernel, server.port)).rejects.toMatchObject({ code, message, retryable })
  })

  test.each<[string, (key: string) => string]>([
    ['a wrong accept', () => switching('x')],
    ['no upgrade', key => switching(key).replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['an extension nobody asked for', key => switching(key, 'Sec-WebSocket-Extensions: x')],
    ['a subprotocol nobody asked for', key => switching(key, 'Sec-WebSocket-Protocol: x')],
    ['no HTTP', () => 'SSH-2.0-server\r\n\r\n'],
  ])('%s', async (_what, respond) => {
    await using kernel = await wsKernel()
    await using server = await answering(respond)
    await expect(dialling(kernel, server.port)).rejects.toMatchObject({
      message: expect.stringMatching(/^the handshake failed: /),
    })
    expect(kernel.status()).toEqual([])
  })

  test('no subprotocol where one was offered', async () => {
    await using kernel = await wsKernel()
    await using server = await answering(key => switching(key))
    await expect(dialling(kernel, server.port, {}, [[WS_PROTOCOL, 'a']])).rejects.toMatchObject({
      code: 'EPROTO',
    })
  })

  test('a server that says nothing', async () => {
    await using kernel = await wsKernel()
    await using server = await owned(createServer())
    await expect(dialling(kernel, server.port, {}, [[WS_HANDSHAKE_TIMEOUT, 1]])).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
  })

  test('a close while connecting', async () => {
    await using kernel = await wsKernel()
    const { WEBSOCKET_CLIENT } = await import('../src/index.ts')
    const met = Promise.withResolvers<void>()
    await using server = await owned(createServer(() => met.resolve()))
    const client = kernel.create(WEBSOCKET_CLIENT, {})
    const connecting = kernel.connect(client, server.port)
    await met.promise
    await kernel.close(client, { abort: true })
    await expect(connecting).rejects.toMatchObject({ code: expect.stringMatching(/ECANCELED|EBADF/) })
  })

  test.each<[any, string]>([
    ['http://localhost/', 'EBADADDR'],
    ['ws://', 'EBADADDR'],
    ['ws://localhost/#x', 'EBADADDR'],
    ['ws://local host/', 'EBADADDR'],
    ['/no/such/socket', 'ENOENT'],
  ])('%s', async (to, code) => {
    await using kernel = await wsKernel()
    await expect(dialling(kernel, to)).rejects.toMatchObject({ code })
  })

  test.each([
    { Host: 'x' },
    { 'Sec-WebSocket-Key': 'x' },
    { 'X-A': 'a\r\nB: c' },
    { 'X A': 'x' },
    { 'X-A': 7 },
  ])('headers %j are refused', async headers => {
    await using kernel = await wsKernel()
    const { WEBSOCKET_CLIENT } = await import('../src/index.ts')
    const client = kernel.create(WEBSOCKET_CLIENT, {})
    await expect(kernel.setOption(client, WS_HEADERS, headers as never)).rejects.toMatchObject({
      code: 'EINVAL',
    })
  })
})

describe('a client that comes back', () => {
  test('gives up after as many failures as it may have, and ends with the last one', async () => {
    await using kernel = await wsKernel()
    const accepted = Promise.withResolvers<any>()
    const { url, server } = await serving(kernel, { open: fd => accepted.resolve(fd) })
    const errors: unknown[] = []
    const closed = Promise.withResolvers<Error | undefined>()
    await dialling(
      kernel,
      url,
      {
        error: (_fd, error) => void errors.push((error as { code?: string }).code),
        close: (_fd, error) => closed.resolve(error),
      },
      [[WS_RECONNECT, { min: 0.001, max: 0.001, tries: 2 }]],
    )
    const connection = await accepted.promise
    await kernel.close(server)
    void kernel.close(connection, { abort: true })
    expect(await closed.promise).toMatchObject({ code: 'ECONNREFUSED' })
    expect(errors).toEqual(['ECONNRESET', 'ECONNREFUSED'])
  })

  test('gives up a server that takes it and drops it again and again', async () => {
    await using kernel = await wsKernel()
    let opens = 0
    const { url } = await serving(kernel, {
      open: fd => {
        opens++
        void kernel.close(fd, { abort: true })
      },
    })
    const closed = Promise.withResolvers<Error | undefined>()
    await dialling(kernel, url, { close: (_fd, error) => closed.resolve(error) }, [
      [WS_RECONNECT, { min: 0.001, max: 100, tries: 3 }],
    ])
    expect(await closed.promise).toMatchObject({ code: 'ECONNRESET' })
    expect(opens).toBe(4)
  })

  test.each([1000, 1002, 1008, 3500, 4500])('stays away after a close with %i', async code => {
    await using kernel = await wsKernel()
    const closed = Promise.withResolvers<void>()
    let opens = 0
    const { url } = await serving(kernel, {
      open: fd => {
        opens++
        void kernel.close(fd, { code })
      },
    })
    await dialling(kernel, url, { close: () => closed.resolve() }, [
      [WS_RECONNECT, { min: 0.001, max: 0.001 }],
    ])
    await closed.promise
    expect(opens).toBe(1)
  })

  test('stays away when it is told so while it waits', async () => {
    await using kernel = await wsKernel()
    const accepted = Promise.withResolvers<any>()
    const lost = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<Error | undefined>()
    const { url, server } = await serving(kernel, { open: fd => accepted.resolve(fd) })
    const client = await dialling(
      kernel,
      url,
      { error: () => lost.resolve(), close: (_fd, error) => closed.resolve(error) },
      [[WS_RECONNECT, { min: 0.2, max: 0.2 }]],
    )
    const connection = await accepted.promise
    await kernel.close(server)
    void kernel.close(connection, { abort: true })
    await lost.promise
    await kernel.setOption(client, WS_RECONNECT, false)
    expect(await closed.promise).toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('tells of writes that no connection can take, and is closed for good by close', async () => {
    await using kernel = await wsKernel()
    const lost = Promise.withResolvers<void>()
    const refused = Promise.withResolvers<Error>()
    const { url } = await serving(kernel, { open: fd => void kernel.close(fd, { abort: true }) })
    const client = await dialling(
      kernel,
      url,
      {
        error: (_fd, error) => {
          if ((error as { code?: string }).code === 'ENOTCONN') refused.resolve(error)
          else lost.resolve()
        },
      },
      [[WS_RECONNECT, { min: 3000, max: 3000 }]],
    )
    await lost.promise
    kernel.write(client, 'lost')
    expect(await refused.promise).toMatchObject({ code: 'ENOTCONN', message: 'the connection is lost' })
    await kernel.close(client)
    expect(kernel.status(client)).toBeUndefined()
  })
})

test('messages right behind the 101, and a close, are all delivered', async () => {
  await using kernel = await wsKernel()
  await using server = await answering(key =>
    Buffer.concat([
      Buffer.from(switching(key)),
      frame(TEXT, 'one', { mask: null }),
      frame(TEXT, 'two', { mask: null }),
      closeFrame(4001, 'bye', { mask: null }),
    ]),
  )
  const got: unknown[] = []
  const closed = Promise.withResolvers<Error | undefined>()
  await dialling(kernel, server.port, {
    message: (_fd, { data }) => void got.push(data),
    close: (_fd, error) => closed.resolve(error),
  })
  expect(await closed.promise).toMatchObject({ message: 'the peer closed with 4001: bye' })
  expect(got).toEqual(['one', 'two'])
})

describe.each(['thread', 'process'] as const)('a client whose %s worker is lost', isolation => {
  test('comes back with its options, when it is told to', async () => {
    using launches = watchLaunches()
    await using kernel = await wsKernel(isolation)
    await using server = await owned(createHttpServer())
    const sockets = new WebSocketServer({ server: server.http })
    sockets.on('connection', (socket, request) => {
      socket.on('message', data => socket.send(`${request.headers['x-who']}: ${data}`))
    })
    const opened = new Inbox<string>()
    const got = new Inbox<string>()
    const failed: unknown[] = []
    const client = await dialling(
      kernel,
      `ws://127.0.0.1:${server.port}/`,
      {
        open: () => opened.put('open'),
        message: (_fd, { data }) => got.put(data),
        error: (_fd, error) => void failed.push(error),
      },
      [
        [WS_RECONNECT, { min: 0.001 }],
        [WS_HEADERS, { 'X-Who': 'ada' }],
      ],
    )
    await opened.next()
    await launches.kill('worker')
    await opened.next()
    expect(failed).toMatchObject([{ code: 'EPLUGIN' }])
    kernel.write(client, 'again')
    expect(await got.next()).toBe('ada: again')
  })

  test('ends with EPLUGIN otherwise', async () => {
    using launches = watchLaunches()
    await using kernel = await wsKernel(isolation)
    await using server = await owned(createHttpServer())
    new WebSocketServer({ server: server.http })
    const closed = Promise.withResolvers<unknown>()
    await dialling(kernel, `ws://127.0.0.1:${server.port}/`, { close: (_fd, error) => closed.resolve(error) })
    await launches.kill('worker')
    expect(await closed.promise).toMatchObject({ code: 'EPLUGIN' })
  })
})
