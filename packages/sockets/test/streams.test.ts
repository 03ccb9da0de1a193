import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { describe, expect, test } from 'vitest'
import { connect, InetAddr, ip, listen, listenAny, TcpSocket } from '../src/index.ts'
import { connectedPair, pairOver, portOf, temporaryFolder } from './support/resources.ts'

describe.each(['tcp', 'local'] as const)('a %s stream', kind => {
  const pair = () => pairOver(kind)

  test('echoes what is written, up to the half-close', async () => {
    await using ends = await pair()
    const echoing = (async () => {
      for await (const chunk of ends.accepted) await ends.accepted.write(chunk)
      await ends.accepted.closeWrite()
    })()
    await ends.client.write('hello ')
    await ends.client.write(Buffer.from('world'))
    await ends.client.closeWrite()
    expect((await ends.client.read()).toString()).toBe('hello world')
    await echoing
    expect(await ends.client.eof()).toBe(true)
    expect(ends.client.isOpen).toBe(false)
  })

  test('reads exactly, up to a delimiter, what is there, and past bytes', async () => {
    await using ends = await pair()
    await ends.client.write('abcdef\nline two\r\nrest')
    await ends.client.closeWrite()
    const { accepted } = ends
    expect((await accepted.readExactly(2)).toString()).toBe('ab')
    expect((await accepted.peek(3)).toString()).toBe('cde')
    expect((await accepted.peek()).toString()).toBe('c')
    expect(await accepted.skip(2)).toBe(2)
    expect((await accepted.readUntil('\n')).toString()).toBe('ef\n')
    expect((await accepted.readUntil('\r\n', { keep: false })).toString()).toBe('line two')
    expect((await accepted.readUntil(0x73)).toString()).toBe('res')
    expect(await accepted.eof()).toBe(false)
    expect(accepted.bytesAvailable).toBe(1)
    expect((await accepted.readAvailable()).toString()).toBe('t')
    expect((await accepted.readAvailable()).length).toBe(0)
    expect(await accepted.skip(5)).toBe(0)
    expect((await accepted.read(10)).length).toBe(0)
  })

  test('reads one byte at a time, and as many as a buffer holds', async () => {
    await using ends = await pair()
    await ends.client.write(Uint8Array.of(7, 8, 9, 10, 11))
    await ends.client.closeWrite()
    const { accepted } = ends
    expect((await accepted.readExactly(1))[0]).toBe(7)
    const target = new Uint8Array(3)
    target.set(await accepted.readExactly(target.length))
    expect([...target]).toEqual([8, 9, 10])
    expect([...(await accepted.read(100))]).toEqual([11])
    expect((await accepted.readExactly(0)).length).toBe(0)
    await expect(accepted.readExactly(1)).rejects.toMatchObject({ code: 'ERR_UNEXPECTED_EOF' })
  })

  test('flush resolves when all was handed over; close sends what was written first', async () => {
    await using ends = await pair()
    const { client, accepted } = ends
    await client.flush()
    const sent = Buffer.alloc(3_000_000, 'x')
    const writing = client.write(sent)
    const flushing = client.flush()
    expect((await accepted.readExactly(sent.length)).equals(sent)).toBe(true)
    await Promise.all([writing, flushing])
    const last = client.write(sent)
    const closing = client.close()
    expect((await accepted.read()).length).toBe(sent.length)
    await Promise.all([last, closing])
    await expect(client.flush()).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
  })

  test('an end before all was read is ERR_UNEXPECTED_EOF, and what was there stays', async () => {
    await using ends = await pair()
    await ends.client.write('abc')
    await ends.client.closeWrite()
    await expect(ends.accepted.readExactly(4)).rejects.toMatchObject({ code: 'ERR_UNEXPECTED_EOF' })
    expect((await ends.accepted.read(4)).toString()).toBe('abc')
  })

  test('a delimiter that does not come within the limit is ERR_TOO_LONG, and nothing is lost', async () => {
    await using ends = await pair()
    await ends.client.write('x'.repeat(100))
    await expect(ends.accepted.readUntil('\n', { limit: 64 })).rejects.toMatchObject({ code: 'ERR_TOO_LONG' })
    expect((await ends.accepted.readExactly(100)).toString()).toBe('x'.repeat(100))
  })

  test('reads are served in the order they were asked', async () => {
    await using ends = await pair()
    const reads = [1, 2, 3].map(size => ends.accepted.readExactly(size))
    await ends.client.write('a')
    await ends.client.write('bbccc')
    expect((await Promise.all(reads)).map(String)).toEqual(['a', 'bb', 'ccc'])
  })

  test('a read can be cancelled, and the next one goes on', async () => {
    await using ends = await pair()
    const controller = new AbortController()
    const reading = ends.accepted.readExactly(3, { signal: controller.signal })
    controller.abort()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    await ends.client.write('abc')
    expect((await ends.accepted.readExactly(3)).toString()).toBe('abc')
  })

  test('more than the read window can be read at once', async () => {
    await using ends = await pair()
    const sent = Buffer.alloc(3_000_000, 'unisock ')
    const writing = ends.client.write(sent)
    const got = await ends.accepted.readExactly(sent.length)
    await writing
    expect(got.equals(sent)).toBe(true)
  })

  test('nobody reading stops the writer, with memory bounded by the window', async () => {
    await using ends = await pair()
    const chunk = Buffer.alloc(64 * 1024)
    let written = 0
    let full = false
    while (!full && written < 64 * 1024 * 1024) {
      const taken = ends.client.write(chunk)
      written += chunk.length
      full = await Promise.race([
        taken.then(() => false),
        ends.client.flush().then(
          () => false,
          () => false,
        ),
        new Promise<boolean>(resolve => setTimeout(() => resolve(true), 200)),
      ])
    }
    expect(full).toBe(true)
    expect(ends.accepted.bytesAvailable).toBeLessThanOrEqual(256 * 1024)
    expect(await ends.accepted.skip(written)).toBe(written)
  })

  test('after close everything says ERR_SOCKET_CLOSED', async () => {
    await using ends = await pair()
    await ends.client.close()
    await expect(ends.client.write('x')).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
    await expect(ends.client.read()).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
    expect(ends.client.isOpen).toBe(false)
    expect(ends.client.isWritable).toBe(false)
    await ends.client.close()
    expect(await ends.accepted.eof()).toBe(true)
  })

  test('becomes a Node stream and a pair of web streams, with what was not read', async () => {
    await using ends = await pair()
    await ends.client.write('first second')
    expect((await ends.accepted.readExactly(6)).toString()).toBe('first ')
    const duplex = ends.accepted.asDuplex()
    expect(String((await once(duplex, 'data'))[0])).toBe('second')
    const web = ends.client.asWebStreams()
    duplex.end('from a Duplex')
    const texts: string[] = []
    for await (const chunk of web.readable) texts.push(Buffer.from(chunk).toString())
    expect(texts.join('')).toBe('from a Duplex')
    await expect(ends.client.read(1)).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED' })
  })

  test('as web streams ends one side after the other', async () => {
    await using ends = await pair()
    const { readable, writable } = ends.client.asWebStreams()
    const writer = writable.getWriter()
    await writer.write(Buffer.from('all'))
    await writer.close()
    expect((await ends.accepted.read()).toString()).toBe('all')
    await ends.accepted.write('answer')
    const reader = readable.getReader()
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('answer')
    await ends.accepted.close()
    expect((await reader.read()).done).toBe(true)
  })

  test('as a web stream that is cancelled drops the connection', async () => {
    await using ends = await pair()
    await ends.client.asWebStreams().readable.cancel()
    const ended = await ends.accepted.read().then(
      bytes => bytes.length,
      error => error.code,
    )
    expect([0, 'ECONNRESET']).toContain(ended)
  })
})

describe('connecting', () => {
  test('to a port, a host and port, an address, and from a bound address', async () => {
    await using server = await listen(0)
    const port = portOf(server)
    const forms = [
      () => connect(port),
      () => connect('localhost', port, { family: 4 }),
      () => connect(ip`127.0.0.1`, port),
      () => connect(new InetAddr('127.0.0.1', port)),
      () => connect({ host: '127.0.0.1', port }),
    ]
    for (const form of forms) {
      await using client = await form()
      await using accepted = await server.accept()
      expect(String(client.getPeerName())).toBe(`127.0.0.1:${port}`)
      expect(String(client.getSockName())).toBe(String(accepted.getPeerName()))
    }
    const bound = new TcpSocket()
    expect(await bound.bind({ port: 0 })).toBe(true)
    const name = String(bound.getSockName())
    await using client = await bound.connect({ port })
    expect(String(client.getSockName())).toBe(name)
    await using from = await connect(port, { localAddress: '127.0.0.2' })
    expect(String(from.getSockName())).toMatch(/^127\.0\.0\.2:/)
  })

  test('a name with an address nobody answers on goes on with the next', async () => {
    await using server = await listen(0)
    const port = portOf(server)
    await using client = await connect('both.test', port, {
      lookup: (_host, _options, callback) =>
        (callback as any)(null, [
          { address: '::1', family: 6 },
          { address: '127.0.0.1', family: 4 },
        ]),
    })
    expect(String(client.getPeerName())).toBe(`127.0.0.1:${port}`)
  })

  test('an address that does not answer in time is ETIMEDOUT, and a signal ends the attempt', async () => {
    // A listener whose queue is full takes no more connections, and does not refuse them.
    const { promise: unanswered, resolve } = Promise.withResolvers<void>()
    const lookup = () => resolve()
    await expect(connect('slow.test', 9, { timeout: 20, lookup })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      operation: 'connect',
    })
    await unanswered
    const controller = new AbortController()
    const attempt = connect('slow.test', 9, { lookup, signal: controller.signal })
    controller.abort()
    await expect(attempt).rejects.toMatchObject({ code: 'ABORT_ERR' })
  })

  test.each([
    ['a port nobody listens on', () => connect(1), 'ECONNREFUSED'],
    ['a port out of range', () => connect(65_536), 'ERR_INVALID_PORT'],
    ['no port', () => connect({ host: 'localhost' }), 'ERR_INVALID_PORT'],
    ['an empty host', () => connect('', 80), 'ERR_INVALID_HOST'],
    ['a host with a NUL', () => connect('a\0b', 80), 'ERR_INVALID_HOST'],
    ['no such path', () => connect('/no/such/socket'), 'ENOENT'],
    ['a local address that is none', () => connect(1, { localAddress: 'here' }), 'ERR_INVALID_SOURCE_HOST'],
    ['an interface that is none', () => connect(1, { interface: 'no0' }), 'ERR_INVALID_SOURCE_HOST'],
    ['a VSOCK address', () => connect({ cid: 2, port: 1 } as never), 'ERR_NOT_SUPPORTED'],
  ])('to %s', async (_what, form, code) => {
    await expect(form()).rejects.toMatchObject({ code })
  })

  test('from an interface', async () => {
    const loopback = Object.entries(networkInterfaces()).find(([, list]) =>
      list?.some(entry => entry.internal),
    )![0]
    await using server = await listen(0)
    await using client = await connect(portOf(server), { interface: loopback })
    expect(String(client.getSockName())).toMatch(/^127\.0\.0\.1:/)
  })

  test('twice is refused', async () => {
    await using server = await listen(0)
    await using client = await connect(portOf(server))
    await expect(client.connect({ port: 1 })).rejects.toMatchObject({ code: 'ERR_ALREADY_CONNECTED' })
    await expect(client.bind({ port: 0 })).rejects.toMatchObject({ code: 'ERR_ALREADY_BOUND' })
    await expect(new TcpSocket().read()).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED' })
  })
})

describe('binding', () => {
  test('is false in use, denied and elsewhere, and throws for anything else', async () => {
    await using server = await listen(0)
    const port = portOf(server)
    expect(await new TcpSocket().bind({ port })).toBe(false)
    expect(await new TcpSocket().bind({ host: '192.0.2.1', port: 0 })).toBe(false)
    await expect(new TcpSocket().bind({ port: -1 })).rejects.toMatchObject({ code: 'ERR_INVALID_PORT' })
    await expect(new TcpSocket().bind({ host: 'no such host', port: 0 })).rejects.toThrow()
    await using folder = await temporaryFolder()
    expect(await new TcpSocket().bind({ path: '/proc/denied' }).catch(() => 'thrown')).not.toBe(true)
    expect(await new TcpSocket().bind({ path: folder.file('fine') })).toBe(true)
  })

  test('then listening serves who connected meanwhile', async () => {
    const socket = new TcpSocket()
    expect(await socket.bind({ port: 0 })).toBe(true)
    const { port } = socket.getSockName() as InetAddr
    const early = createConnection(port, '127.0.0.1')
    await once(early, 'connect')
    await using server = await listen(socket)
    await using accepted = await server.accept()
    early.end('early')
    expect((await accepted.read()).toString()).toBe('early')
    await expect(listen(new TcpSocket())).rejects.toMatchObject({ code: 'ERR_NOT_BOUND' })
  })

  test('IPv6 only leaves IPv4 to others', async () => {
    await using six = await listen('::', 0, { ipv6Only: true })
    await using four = await listen('0.0.0.0', portOf(six))
    expect(portOf(four)).toBe(portOf(six))
    await expect(listen('0.0.0.0', portOf(four))).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('the loopback address is what a bare port means', async () => {
    await using server = await listen(0)
    expect(String(server.getSockName())).toMatch(/^127\.0\.0\.1:/)
  })

  test('listenAny takes the first free port from its hint on', async () => {
    await using taken = await listen(0)
    const [port, server] = await listenAny(portOf(taken))
    await using _server = server
    expect(port).toBeGreaterThan(portOf(taken))
    expect(portOf(server)).toBe(port)
    const [any, other] = await listenAny('127.0.0.1', 0)
    await using _other = other
    expect(any).toBeGreaterThan(0)
    await expect(listenAny('192.0.2.1', 65_535)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })

  test('a local socket nobody answers on is replaced; one in use, and any other file, is not', async () => {
    await using folder = await temporaryFolder()
    const path = folder.file('socket')
    const first = createServer().listen(path)
    await once(first, 'listening')
    await expect(listen(path)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    // What a killed process leaves behind: the file without a listener.
    ;(first as any)._handle.close()
    writeFileSync(folder.file('plain'), 'mine')
    await expect(listen(folder.file('plain'))).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(existsSync(folder.file('plain'))).toBe(true)
  })
})

describe('accepting', () => {
  test('by promise, by function and by iteration', async () => {
    await using server = await listen(0)
    await using one = await connect(portOf(server))
    await using accepted = await server.accept()
    expect(String(accepted.getPeerName())).toBe(String(one.getSockName()))
    const served: string[] = []
    const serving = server.accept(async socket => {
      await using _socket = socket
      served.push((await socket.read()).toString())
      if (served.length === 2) server.close()
    })
    for (const text of ['a', 'b']) {
      await using client = await connect(portOf(server))
      await client.write(text)
      await client.closeWrite()
      expect(await client.eof()).toBe(true)
    }
    await serving
    expect(served).toEqual(['a', 'b'])
    expect(server.isOpen).toBe(false)
    await expect(server.accept()).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
  })

  test('what a serving function throws closes its connection and ends the loop', async () => {
    await using server = await listen(0)
    const serving = server.accept(async socket => {
      await socket.peek()
      throw new Error('not today')
    })
    await using client = await connect(portOf(server))
    await client.write('x')
    await expect(serving).rejects.toThrow('not today')
    await expect(client.read()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('an iteration ends when the server closes', async () => {
    await using server = await listen(0)
    const seen: string[] = []
    const iterating = (async () => {
      for await (const socket of server) {
        seen.push((await socket.read()).toString())
        server.close()
      }
    })()
    await using client = await connect(portOf(server))
    await client.write('once')
    await client.closeWrite()
    await iterating
    expect(seen).toEqual(['once'])
  })
})

describe('a peer that leaves', () => {
  test('in the middle of a write is a typed error, of that write or the next', async () => {
    await using ends = await connectedPair()
    await ends.accepted.close({ abort: true })
    const chunk = Buffer.alloc(64 * 1024)
    const writing = (async () => {
      for (;;) {
        await ends.client.write(chunk)
        await ends.client.flush()
      }
    })()
    await expect(writing).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) })
    await expect(ends.client.closeWrite()).rejects.toMatchObject({ name: 'SocketsError' })
  })

  test('without a word is noticed by who reads, and abort does not wait for it', async () => {
    await using ends = await connectedPair()
    const reading = ends.accepted.read(1)
    await ends.client.close({ abort: true })
    await expect(reading).rejects.toMatchObject({ name: 'SocketsError', code: 'ECONNRESET' })
    await using half = await connectedPair()
    await half.client.closeWrite()
    expect(await half.accepted.eof()).toBe(true)
    await half.accepted.close({ abort: true })
    expect(half.accepted.isOpen).toBe(false)
  })

  test('by half-close can still be written to', async () => {
    await using ends = await connectedPair()
    await ends.client.closeWrite()
    expect(await ends.accepted.eof()).toBe(true)
    await ends.accepted.write('still here')
    await ends.accepted.closeWrite()
    expect((await ends.client.read()).toString()).toBe('still here')
  })
})

test('streams pipe with Node', async () => {
  await using ends = await connectedPair()
  const source = new TcpSocket()
  expect(source.isOpen).toBe(false)
  const sink: Buffer[] = []
  await ends.client.write(Buffer.alloc(200_000, 'x'))
  await ends.client.closeWrite()
  await pipeline(ends.accepted.asDuplex(), async chunks => {
    for await (const chunk of chunks) sink.push(chunk as Buffer)
  })
  expect(Buffer.concat(sink).length).toBe(200_000)
})
