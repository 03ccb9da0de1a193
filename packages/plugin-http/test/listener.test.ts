import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  SO_IPV6ONLY,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MAX_CONNECTIONS,
  SO_NODELAY,
  SO_REUSEPORT,
} from '@unisock/kernel/plugin'
import { describe, expect, test } from 'vitest'
import { HTTP_HEALTH_PATH } from '../src/core/index.ts'
import { FakeSocket } from './support/fake-socket.ts'
import { RawClient } from './support/raw-client.ts'
import { get, TestServer } from './support/server.ts'

const hello = (server: TestServer): void => {
  server.socket.onAccept = exchange => exchange.answer(200, null, 'hello', 0)
}

function temporary() {
  const directory = mkdtempSync(join(tmpdir(), 'unisock-http-'))
  return { directory, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) }
}

function getOverPath(socketPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath, path: '/', agent: false }, response => {
      response.resume()
      resolve(response.statusCode!)
    })
      .on('error', reject)
      .end()
  })
}

describe('bind', () => {
  test('takes the port at once: a second server hears of it from bind', async () => {
    await using first = new TestServer(new FakeSocket(), 20)
    const { port } = await first.driver.bind!({ port: 0 })
    await using second = new TestServer(new FakeSocket(), 20)
    await expect(second.driver.bind!({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await second.driver.bind!({ port: 0 })).toMatchObject({ address: '127.0.0.1', family: 'IPv4' })
  })

  test('holds what connects until listen, with what it has sent', async () => {
    await using server = new TestServer(new FakeSocket(), 20)
    hello(server)
    server.address = await server.driver.bind!({ port: 0 })
    using client = await server.connect()
    client.send(get())
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve))
    expect(server.socket.exchanges).toHaveLength(0)
    await server.driver.listen!()
    expect((await client.response()).body).toBe('hello')
  })

  test.each([
    ['a port out of range', { port: 65536 }, 'EBADADDR'],
    ['a port that is no integer', { port: 1.5 }, 'EBADADDR'],
    ['nothing', {}, 'EBADADDR'],
    ['another listener', { on: 7 }, 'ENOTSUP'],
    ['an address of another machine', { host: '192.0.2.1', port: 0 }, 'EADDRNOTAVAIL'],
  ])('%s is refused', async (_title, target, code) => {
    await using server = new TestServer(new FakeSocket(), 20)
    await expect(server.driver.bind!(target)).rejects.toMatchObject({ code })
  })

  test('twice is EISBOUND, and listen before it ENOADDR', async () => {
    await using server = new TestServer(new FakeSocket(), 20)
    expect(() => server.driver.listen!()).toThrow(expect.objectContaining({ code: 'ENOADDR' }))
    await server.driver.bind!({ port: 0 })
    await expect(server.driver.bind!({ port: 0 })).rejects.toMatchObject({ code: 'EISBOUND' })
  })

  test('several listeners share a port with SO_REUSEPORT', async () => {
    await using first = await TestServer.start([[SO_REUSEPORT, true]])
    await using second = new TestServer(new FakeSocket([[SO_REUSEPORT, true]]), 20)
    expect((await second.driver.bind!({ port: first.port })).port).toBe(first.port)
  })

  test('a listener on :: takes IPv4 unless SO_IPV6ONLY', async () => {
    for (const [only, reaches] of [
      [false, true],
      [true, false],
    ]) {
      await using server = new TestServer(new FakeSocket([[SO_IPV6ONLY, only]]), 20)
      hello(server)
      const { port, family } = await server.driver.bind!({ host: '::', port: 0 })
      await server.driver.listen!()
      expect(family).toBe('IPv6')
      const reached = await RawClient.connect(port).then(
        client => {
          client.close()
          return true
        },
        () => false,
      )
      expect(reached).toBe(reaches)
    }
  })
})

describe('unix sockets', () => {
  test('are served, and removed at close', async () => {
    using files = temporary()
    const path = join(files.directory, 'http.sock')
    await using server = new TestServer(new FakeSocket(), 20)
    hello(server)
    expect(await server.driver.bind!({ path })).toEqual({ address: path, port: 0, family: 'local' })
    await server.driver.listen!()
    expect(await getOverPath(path)).toBe(200)
    expect(server.socket.exchanges[0]!.addr).toEqual({ address: '', port: 0, family: 'local' })
    await server.driver.close!({ abort: true })
    expect(existsSync(path)).toBe(false)
  })

  test('a file that a dead process left is replaced; one that is answered on, or no socket, is not', async () => {
    using files = temporary()
    const [stale, live, plain] = ['stale', 'live', 'plain'].map(name => join(files.directory, name)) as [
      string,
      string,
      string,
    ]
    await leaveSocket(stale)
    writeFileSync(plain, 'precious')
    const other = createServer().listen(live)
    await once(other, 'listening')
    try {
      await using server = new TestServer(new FakeSocket(), 20)
      await expect(server.driver.bind!({ path: live })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      await expect(server.driver.bind!({ path: plain })).rejects.toMatchObject({ code: 'EADDRINUSE' })
      expect(await server.driver.bind!({ path: stale })).toMatchObject({ address: stale })
      hello(server)
      await server.driver.listen!()
      expect(await getOverPath(stale)).toBe(200)
    } finally {
      other.close()
    }
  })
})

/** What a killed process leaves: a socket file without a listener. */
async function leaveSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('options of the socket', () => {
  test('SO_MAX_CONNECTIONS refuses what is beyond it, and may change', async () => {
    await using server = await TestServer.start([[SO_MAX_CONNECTIONS, 1]])
    hello(server)
    using first = await server.connect()
    expect((await first.send(get()).response()).status).toBe(200)
    using second = await server.connect()
    expect((await second.ended()).text).toBe('')
    await server.set(SO_MAX_CONNECTIONS, 0)
    using third = await server.connect()
    expect((await third.send(get()).response()).status).toBe(200)
  })

  test('SO_KEEPALIVE and SO_NODELAY are taken', async () => {
    await using server = await TestServer.start([
      [SO_KEEPALIVE, true],
      [SO_NODELAY, false],
    ])
    hello(server)
    using client = await server.connect()
    expect((await client.send(get()).response()).body).toBe('hello')
  })
})

describe('drain', () => {
  test('finishes what is in flight, says so to the client, and takes nothing new', async () => {
    await using server = await TestServer.start([[HTTP_HEALTH_PATH, '/health']])
    using idle = await server.connect()
    using fresh = await server.connect()
    using busy = await server.connect()
    idle.send(get('/health'))
    expect((await idle.response()).status).toBe(200)
    busy.send(get())
    const exchange = await server.socket.exchange()
    while (server.inspect().connections < 3) await new Promise(resolve => setImmediate(resolve))
    const drained = server.driver.drain!()
    await idle.ended()
    await fresh.ended()
    await expect(server.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    busy.send(get('/health'))
    exchange.answer(200, null, 'done', 0)
    const { body, headers } = await busy.response()
    expect([body, headers.connection]).toEqual(['done', 'close'])
    busy.close()
    await drained
    expect(server.inspect()).toMatchObject({ connections: 0, draining: true })
  })

  test('health says 503 on a connection that is still open', async () => {
    await using server = await TestServer.start([[HTTP_HEALTH_PATH, '/health']])
    using client = await server.connect()
    client.send('GET /health HTTP/1.1\r\nHost: a\r\n')
    while (server.inspect().connections === 0) await new Promise(resolve => setImmediate(resolve))
    client.send('X-A: 1\r\n')
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    const drained = server.driver.drain!()
    const response = await client.send('\r\n').response()
    expect([response.status, response.body, response.headers.connection]).toEqual([
      503,
      '{"status":"draining"}',
      'close',
    ])
    await client.ended()
    client.close()
    await drained
  })

  test('resolves at once when nothing is connected', async () => {
    await using server = await TestServer.start()
    await server.driver.drain!()
  })
})

describe('close', () => {
  test('gives the port back at once, and lets an exchange finish', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get())
    const exchange = await server.socket.exchange()
    await server.driver.close!({})
    await using next = new TestServer(new FakeSocket(), 20)
    expect(await next.driver.bind!({ port: server.port })).toMatchObject({ port: server.port })
    exchange.answer(200, null, 'done', 0)
    expect((await client.response()).body).toBe('done')
    await client.ended()
  })

  test('drops what is not finished after SO_LINGER seconds', async () => {
    await using server = await TestServer.start([[SO_LINGER, 0]])
    using client = await server.connect()
    client.send(get())
    const exchange = await server.socket.exchange()
    await server.driver.close!({})
    expect(await exchange.closed.promise).toMatchObject({ code: 'ECONNRESET' })
    await client.ended()
  })

  test('with abort drops all at once', async () => {
    await using server = await TestServer.start()
    using client = await server.connect()
    client.send(get())
    const exchange = await server.socket.exchange()
    await server.driver.close!({ abort: true })
    await exchange.closed.promise
    await client.ended()
  })

  test('drops what was held since bind', async () => {
    await using server = new TestServer(new FakeSocket(), 20)
    server.address = await server.driver.bind!({ port: 0 })
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    await server.driver.close!({})
    await once(socket, 'close')
  })

  test('before bind is nothing', async () => {
    const server = new TestServer(new FakeSocket(), 20)
    await server.driver.close!({})
  })
})
