import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { SocketsError } from '../src/errors.ts'
import {
  CLEAN_SHUTDOWN,
  CONNECTION_RESET,
  Loop,
  type Socket,
  type SocketContextOptions,
} from '../src/loop/index.ts'

const code = (name: string) => expect.objectContaining({ code: name })

/** A loop whose run is awaited at its disposal, with what its callbacks threw. */
function running() {
  const errors: unknown[] = []
  const loop = new Loop({ onError: error => errors.push(error) })
  const run = loop.run({ untilStopped: true })
  return Object.assign(loop, {
    errors,
    async [Symbol.asyncDispose]() {
      await Loop.prototype[Symbol.asyncDispose].call(loop)
      await run
      expect(loop.open).toBe(0)
    },
  })
}

/** A context that listens, and a client of node:net on it. */
async function listening(loop: Loop, options: SocketContextOptions<false> = {}) {
  const context = loop.createSocketContext(options)
  const listener = await context.listen('127.0.0.1', 0)
  return { context, listener, connect: () => peer(listener.port) }
}

async function peer(port: number) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return Object.assign(socket, {
    async [Symbol.asyncDispose]() {
      if (socket.closed) return
      socket.destroy()
      await once(socket, 'close')
    },
  })
}

/** What came until so many bytes. */
async function read(stream: net.Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    chunks.push(chunk)
    if ((length += chunk.length) >= count) break
  }
  return Buffer.concat(chunks)
}

describe('a socket context', () => {
  test('echoes: open, data and close are told on both sides', async () => {
    await using loop = running()
    const events: string[] = []
    const over = Promise.withResolvers<void>()
    const server = loop
      .createSocketContext()
      .onOpen((_socket, isClient, address) => events.push(`server open ${isClient} ${address}`))
      .onData((socket, data) => socket.write(data))
      .onClose((_socket, code) => {
        events.push(`server close ${code}`)
        over.resolve()
      })
    const { port } = await server.listen('127.0.0.1', 0)
    const client = loop
      .createSocketContext()
      .onOpen((socket, isClient, address) => {
        events.push(`client open ${isClient} ${address}`)
        expect([socket.isEstablished, socket.remotePort, socket.localAddress]).toEqual([
          true,
          port,
          '127.0.0.1',
        ])
        socket.write('hello')
      })
      .onData((socket, data) => {
        events.push(`client data ${data}`)
        socket.close()
        expect([socket.isClosed, socket.isEstablished]).toEqual([true, false])
      })
      .onClose((_socket, code) => events.push(`client close ${code}`))
    client.connect('127.0.0.1', port)
    await over.promise
    expect(events.filter(event => event.startsWith('client'))).toEqual([
      'client open true 127.0.0.1',
      'client data hello',
      'client close 0',
    ])
    expect(events.filter(event => event.startsWith('server'))).toEqual([
      'server open false 127.0.0.1',
      'server close 0',
    ])
    expect(loop.errors).toEqual([])
  })

  test('a basic server: it runs until its loop has nothing open', async () => {
    const loop = new Loop()
    const context = loop.createSocketContext()
    context.onData((socket, data) => {
      socket.write(data)
      socket.close()
    })
    const listenSocket = await context.listen('127.0.0.1', 0)
    const run = loop.run()
    await using client = await peer(listenSocket.port)
    client.write('over')
    expect(String(await read(client, 4))).toBe('over')
    listenSocket.close()
    client.end()
    await run
    expect(loop.open).toBe(0)
    await loop[Symbol.asyncDispose]()
  })

  test('a client connection may be written to at once', async () => {
    await using server = net.createServer(socket => {
      socket.once('data', request => socket.end(`got ${request}`))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    using loop = new Loop()
    const context = loop.createSocketContext()
    let answer = ''
    context.onData((_socket, data) => {
      answer += data
    })
    const socket = context.connect('localhost', port)
    expect(socket.write('GET / HTTP/1.1\r\n\r\n', false)).toBe(18)
    expect([socket.isEstablished, socket.pendingBytes]).toEqual([false, 18])
    await loop.run()
    expect(answer).toBe('got GET / HTTP/1.1\r\n\r\n')
  })

  test('gives each socket data of its own', async () => {
    await using loop = running()
    let next = 0
    const context = loop.createSocketContext({ ext: () => ({ id: next++, bytes: 0 }) })
    const seen = Promise.withResolvers<void>()
    const sockets: Socket<{ id: number; bytes: number }>[] = []
    context.onOpen(socket => sockets.push(socket))
    context.onData((socket, data) => {
      socket.ext.bytes += data.length
      if (sockets.length === 2 && sockets.every(({ ext }) => ext.bytes === ext.id + 1)) seen.resolve()
    })
    const { port } = await context.listen('127.0.0.1', 0)
    await using one = await peer(port)
    one.write('a')
    await using two = await peer(port)
    two.write('bb')
    await seen.promise
    expect(context.size).toBe(3)
  })

  test('listens on and connects to a local path', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'unisock-context-'))
    try {
      await using loop = running()
      const path = join(directory, 'socket')
      const got = Promise.withResolvers<string>()
      const server = loop.createSocketContext().onData((socket, data) => socket.write(data))
      const listener = await server.listen({ path })
      expect([listener.address.address, listener.port]).toEqual([path, 0])
      const client = loop.createSocketContext().onData((socket, data) => {
        got.resolve(String(data))
        socket.close(CONNECTION_RESET)
      })
      client.connect({ path }).write('local')
      expect(await got.promise).toBe('local')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('refuses a connection before it opens', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    const told: string[] = []
    context.onPreOpen(socket => {
      told.push(`pre ${socket.isEstablished}`)
      return false
    })
    context.onOpen(() => told.push('open'))
    context.onClose(() => told.push('close'))
    await using client = await connect()
    if (!client.closed) await once(client.resume(), 'end')
    expect(told).toEqual(['pre false'])
  })

  test('tells why a connection did not come about', async () => {
    await using loop = running()
    const { listener } = await listening(loop)
    const { port } = listener
    listener.close()
    expect(listener.isClosed).toBe(true)
    const context = loop.createSocketContext()
    const closed: unknown[] = []
    context.onClose((_socket, closeCode) => closed.push(closeCode))
    const failed = () =>
      new Promise<string>(resolve => {
        context.onConnectError((socket, error) => resolve(`${error.code} ${socket.isClosed}`))
      })
    let failure = failed()
    context.connect('127.0.0.1', port)
    expect(await failure).toBe('ECONNREFUSED true')
    failure = failed()
    context.connect('name.invalid', port)
    expect(await failure).toMatch(/^(ENOTFOUND|EAI_AGAIN) true$/)
    expect(closed).toEqual([])
  })

  test('a failed connection that nobody asks about goes to the error handler', async () => {
    const failed = Promise.withResolvers<any>()
    const loop = new Loop({ onError: error => failed.resolve(error) })
    const context = loop.createSocketContext()
    const listener = await context.listen('127.0.0.1', 0)
    listener.close()
    context.connect('127.0.0.1', listener.port)
    expect((await failed.promise).code).toBe('ECONNREFUSED')
    await loop[Symbol.asyncDispose]()
  })

  test('a connection closed while it is made is over without a callback', async () => {
    await using loop = running()
    const { listener } = await listening(loop)
    const called: string[] = []
    const context = loop
      .createSocketContext()
      .onOpen(() => called.push('open'))
      .onClose(() => called.push('close'))
      .onConnectError(() => called.push('error'))
    const socket = context.connect('127.0.0.1', listener.port)
    socket.close()
    expect(socket.write('x')).toBe(0)
    while (loop.open > 1) await new Promise(resolve => setImmediate(resolve))
    expect(called).toEqual([])
  })

  test('refuses what is no host, no local address and no port', async () => {
    using loop = new Loop()
    const context = loop.createSocketContext()
    for (const host of ['', 'a\0b']) {
      expect(() => context.connect(host, 1)).toThrow(code('ERR_INVALID_HOST'))
      await expect(context.listen(host, 1)).rejects.toThrow(code('ERR_INVALID_HOST'))
    }
    expect(() => context.connect('127.0.0.1', 1, 'not an address')).toThrow(code('ERR_INVALID_SOURCE_HOST'))
    expect(() => context.connect('127.0.0.1', 70_000)).toThrow(code('ERR_INVALID_PORT'))
    await expect(context.listen('127.0.0.1', -1)).rejects.toThrow(code('ERR_INVALID_PORT'))
    expect([context.size, loop.open]).toEqual([0, 0])
  })

  test('says by its code why it cannot listen', async () => {
    await using loop = running()
    const { context, listener } = await listening(loop)
    await expect(context.listen('127.0.0.1', listener.port)).rejects.toThrow(code('EADDRINUSE'))
    expect(loop.open).toBe(1)
  })

  test('connects from the local address it is told', async () => {
    await using loop = running()
    const { context, listener } = await listening(loop)
    const from = new Promise<string>(resolve =>
      context.onOpen((_socket, _client, address) => resolve(address)),
    )
    loop.createSocketContext().connect('127.0.0.1', listener.port, '127.0.0.1')
    expect(await from).toBe('127.0.0.1')
  })

  test('closes what belongs to it, and then makes nothing new', async () => {
    await using loop = running()
    const { context, listener, connect } = await listening(loop)
    const closed = Promise.withResolvers<number>()
    context.onOpen(() => context.close())
    context.onClose((_socket, closeCode) => closed.resolve(closeCode))
    await using client = await connect()
    expect(await closed.promise).toBe(CLEAN_SHUTDOWN)
    if (!client.closed) await once(client.resume(), 'end')
    expect([context.isClosed, listener.isClosed, context.size]).toEqual([true, true, 0])
    await expect(context.listen('127.0.0.1', 0)).rejects.toThrow(code('ERR_SOCKET_CLOSED'))
    expect(() => context.connect('127.0.0.1', 1)).toThrow(code('ERR_SOCKET_CLOSED'))
  })

  test('callbacks that throw are told to the loop, and the socket goes on', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    context.onOpen(() => {
      throw new Error('open')
    })
    context.onData((socket, data) => {
      socket.write(data)
      throw new Error(`data ${data}`)
    })
    await using client = await connect()
    for (const text of ['1', '2']) {
      client.write(text)
      expect(String(await read(client, 1))).toBe(text)
    }
    expect(loop.errors.map(error => (error as Error).message)).toEqual(['open', 'data 1', 'data 2'])
  })
})

describe('a socket', () => {
  test('takes no more than its high-water mark, and says when it takes more', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop, { highWaterMark: 100_000 })
    const sent = randomBytes(8_000_000)
    let written = 0
    let short = 0
    const send = (socket: Socket): void => {
      while (written < sent.length) {
        const taken = socket.write(sent.subarray(written, written + 150_000))
        expect(socket.pendingBytes).toBeLessThanOrEqual(100_000)
        written += taken
        if (taken === 0) {
          short++
          return
        }
      }
      socket.shutdown()
    }
    context.onOpen(send)
    context.onWritable(send)
    await using client = await connect()
    const chunks = await client.toArray()
    expect(Buffer.concat(chunks).equals(sent)).toBe(true)
    expect(short).toBeGreaterThan(0)
  })

  test('of a peer that never reads holds no more than the mark', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop, { highWaterMark: 64 * 1024 })
    const full = Promise.withResolvers<Socket>()
    const chunk = Buffer.alloc(16 * 1024)
    const fill = (socket: Socket): void => {
      while (socket.write(chunk) > 0);
      if (socket.pendingBytes === 64 * 1024) full.resolve(socket)
    }
    context.onOpen(fill)
    context.onWritable(fill)
    await using _client = await connect()
    const socket = await full.promise
    expect(socket.write('x')).toBe(0)
    socket.close(CONNECTION_RESET)
  })

  test('holds what is written before the connection stands to the same mark', async () => {
    await using loop = running()
    const { context: server, listener } = await listening(loop)
    const got: Buffer[] = []
    const ended = new Promise<void>(resolve => server.onClose(() => resolve()))
    server.onData((_socket, data) => got.push(data))
    const context = loop.createSocketContext({ highWaterMark: 10 })
    context.onWritable(socket => {
      expect(socket.write('klm')).toBe(3)
      socket.shutdown()
    })
    const socket = context.connect('127.0.0.1', listener.port)
    expect([socket.write('abcdef'), socket.write('ghijklm'), socket.write('klm')]).toEqual([6, 4, 0])
    await ended
    expect(String(Buffer.concat(got))).toBe('abcdefghijklm')
  })

  test('keeps back what more follows, until the next write, a flush or the end of the turn', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    const opened = new Promise<Socket>(resolve => context.onOpen(resolve))
    await using client = await connect()
    const socket = await opened
    expect(socket.write('a', true)).toBe(1)
    expect(socket.write('b', true)).toBe(1)
    expect(socket.pendingBytes).toBe(2)
    expect(socket.write('c')).toBe(1)
    expect(socket.pendingBytes).toBe(0)
    expect(String(await read(client, 3))).toBe('abc')
    socket.write('d', true)
    expect(socket.pendingBytes).toBe(1)
    socket.flush()
    expect(socket.pendingBytes).toBe(0)
    socket.write('e', true)
    expect(String(await read(client, 2))).toMatch(/^de$|^d$/)
  })

  test('writes a header and a payload together', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop, { highWaterMark: 8 })
    const taken: number[] = []
    context.onOpen(socket => {
      taken.push(socket.write2('a', Buffer.from('b')), socket.write2('header', '+body'))
    })
    await using client = await connect()
    expect(String(await read(client, 10))).toBe('abheader+b')
    expect(taken).toEqual([2, 8])
  })

  test('shut down, it sends the end and still receives', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    const received: string[] = []
    const closed = Promise.withResolvers<number>()
    context.onOpen(socket => {
      socket.write('bye')
      socket.shutdown()
      expect([socket.isShutDown, socket.isClosed, socket.write('more')]).toEqual([true, false, 0])
    })
    context.onData((_socket, data) => received.push(String(data)))
    context.onEnd(() => received.push('not asked: both sides are done'))
    context.onClose((_socket, closeCode) => closed.resolve(closeCode))
    await using client = await connect()
    expect(String(await read(client, 3))).toBe('bye')
    client.end('late')
    expect(await closed.promise).toBe(CLEAN_SHUTDOWN)
    expect(received.join('')).toBe('late')
  })

  test("is told the peer's end, and may still send", async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    context.onEnd(socket => {
      expect(socket.isClosed).toBe(false)
      socket.write('after the end')
      socket.close()
    })
    await using client = await connect()
    client.end()
    expect(String(Buffer.concat(await client.toArray()))).toBe('after the end')
  })

  test('whose read side is shut down drops what arrives, and is still told the end', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    const told: string[] = []
    const ended = Promise.withResolvers<void>()
    context.onOpen(socket => socket.shutdownRead())
    context.onData(() => told.push('data'))
    context.onEnd(socket => {
      told.push('end')
      socket.close()
      ended.resolve()
    })
    await using client = await connect()
    client.end(Buffer.alloc(1_000_000))
    await ended.promise
    expect(told).toEqual(['end'])
  })

  test('closed, it has sent what it took', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop, { highWaterMark: 4_000_000 })
    const sent = randomBytes(4_000_000)
    context.onOpen(socket => {
      expect(socket.write(sent)).toBe(sent.length)
      socket.close()
      expect(socket.write('x')).toBe(0)
    })
    await using client = await connect()
    expect(Buffer.concat(await client.toArray()).equals(sent)).toBe(true)
  })

  test('closed with a code, it is reset, and its close callback gets the code at once', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    const codes: number[] = []
    context.onClose((_socket, closeCode) => codes.push(closeCode))
    context.onData(socket => {
      socket.close(42)
      expect(codes).toEqual([42])
      socket.close(43)
    })
    await using client = await connect()
    const failed = new Promise(resolve => client.once('close', resolve))
    client.write('now')
    expect(await failed).toBe(true)
    expect(codes).toEqual([42])
  })

  test('reset by its peer, it closes with that code and the error', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    const closed = new Promise<[number, SocketsError | undefined]>(resolve => {
      context.onClose((_socket, closeCode, error) => resolve([closeCode, error]))
    })
    context.onData((_socket, _data) => client.resetAndDestroy())
    await using client = await connect()
    client.write('now')
    const [closeCode, error] = await closed
    expect([closeCode, error?.code]).toEqual([CONNECTION_RESET, 'ECONNRESET'])
  })

  test('paused, it is not given data until it is resumed', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    let received = 0
    const opened = new Promise<Socket>(resolve => {
      context.onOpen(socket => {
        socket.pause()
        resolve(socket)
      })
    })
    const all = Promise.withResolvers<void>()
    context.onData((_socket, data) => {
      received += data.length
      if (received === 5) all.resolve()
    })
    await using client = await connect()
    const socket = await opened
    await new Promise<void>(resolve => client.write('hello', () => resolve()))
    await using second = await connect()
    second.write('x')
    expect(received).toBe(0)
    socket.resume()
    await all.promise
  })

  test('times out without traffic, and stays open', async () => {
    await using loop = running()
    const { context, connect } = await listening(loop)
    const timedOut = new Promise<Socket>(resolve => context.onTimeout(resolve))
    context.onLongTimeout(() => expect.unreachable())
    context.onOpen(socket => {
      socket.setTimeout(1)
      socket.setLongTimeout(1)
    })
    await using client = await connect()
    const began = performance.now()
    const socket = await timedOut
    expect(performance.now() - began).toBeGreaterThan(900)
    expect(socket.isClosed).toBe(false)
    expect(loop.wheel.size).toBe(1)
    socket.close()
    await once(client.resume(), 'end')
    expect(loop.wheel.size).toBe(0)
  })
})
