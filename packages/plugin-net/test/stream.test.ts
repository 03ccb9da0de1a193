import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket as NetSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fd } from '@unisock/kernel'
import {
  SO_HALF_OPEN,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_MAX_CONNECTIONS,
  SO_NODELAY,
  SO_READ_WINDOW,
} from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import {
  MUD,
  SO_CONNECT,
  SO_ENCODING,
  SO_LONG_TIMEOUT,
  SO_TIMEOUT,
  STREAM,
  STREAM_BINARY,
  STREAM_COMPRESSED,
} from '../src/index.ts'
import { dialling, Inbox, ISOLATIONS, netKernel, plainPeer, serving, until } from './support/kernel.ts'

describe.each(ISOLATIONS)('streams over %s', isolation => {
  test('a text client and a text server talk, half-close and close', async () => {
    await using kernel = await netKernel(isolation)
    const closed = Promise.withResolvers<Error | undefined>()
    const { server, addr } = await serving(kernel, STREAM, {
      message: (fd, text) => void kernel.write(fd, text.toUpperCase()),
      close: (_fd, error) => closed.resolve(error),
    })
    const inbox = new Inbox<string>()
    const opened: unknown[] = []
    const client = await dialling(kernel, STREAM, addr, {
      open: (_fd, _listener, to) => opened.push(to),
      message: (_fd, text) => inbox.put(text),
    })
    expect(opened).toEqual([addr])
    kernel.write(client, 'grüße')
    expect(await inbox.next()).toBe('GRÜSSE')
    await kernel.close(client)
    expect(await closed.promise).toBeUndefined()
    await kernel.close(server)
    const late = kernel.create(STREAM, {})
    await expect(kernel.connect(late, addr.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('a character split between chunks survives, in every cut', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<string>()
    const { addr } = await serving(kernel, STREAM, { message: (_fd, text) => inbox.put(text) })
    const text = 'a€𝄞ß!'
    const bytes = Buffer.from(text)
    for (let cut = 1; cut < bytes.length; cut++) {
      await using peer = await plainPeer(addr)
      peer.socket.setNoDelay(true)
      peer.socket.write(bytes.subarray(0, cut))
      let got = await inbox.next()
      peer.socket.end(bytes.subarray(cut))
      while (got.length < text.length) got += await inbox.next()
      expect(got).toBe(text)
    }
  })

  test('bytes that are no text read as U+FFFD, also an unfinished character at the end', async () => {
    await using kernel = await netKernel(isolation)
    const got: string[] = []
    const ended = Promise.withResolvers<void>()
    const { addr } = await serving(kernel, STREAM, {
      message: (_fd, text) => void got.push(text),
      end: () => ended.resolve(),
    })
    await using peer = await plainPeer(addr)
    peer.socket.end(Buffer.from([0x61, 0xff, 0x62, 0x00, 0x63, 0xe2, 0x82]))
    await ended.promise
    expect(got.join('')).toBe('a\ufffdb\0c\ufffd')
  })

  test('SO_ENCODING chooses latin1 and utf16le', async () => {
    await using kernel = await netKernel(isolation)
    for (const encoding of ['latin1', 'utf16le'] as const) {
      const inbox = new Inbox<string>()
      const { addr } = await serving(
        kernel,
        STREAM,
        {
          message(fd, text) {
            inbox.put(text)
            kernel.write(fd, text)
          },
        },
        [[SO_ENCODING, encoding]],
      )
      await using peer = await plainPeer(addr)
      const bytes = Buffer.from('çé', encoding)
      peer.socket.write(bytes)
      expect(await inbox.next()).toBe('çé')
      expect(await peer.take(bytes.length)).toEqual(bytes)
    }
  })

  test('binary modes give Buffers, whole and in order, and take bytes back', async () => {
    await using kernel = await netKernel(isolation)
    const got: Buffer[] = []
    const { addr } = await serving(kernel, STREAM_BINARY, {
      message(fd, bytes) {
        got.push(bytes)
        kernel.write(fd, bytes)
      },
    })
    await using peer = await plainPeer(addr)
    const sent = Buffer.alloc(2_000_000)
    for (let i = 0; i < sent.length; i += 4) sent.writeUInt32BE(i, i)
    peer.socket.write(sent)
    expect((await peer.take(sent.length)).equals(sent)).toBe(true)
    expect(got.every(chunk => Buffer.isBuffer(chunk))).toBe(true)
    expect(Buffer.concat(got).equals(sent)).toBe(true)
  })

  test('local sockets by path', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unisock-net-'))
    try {
      await using kernel = await netKernel(isolation)
      const inbox = new Inbox<string>()
      const path = join(folder, 's')
      const { addr } = await serving(
        kernel,
        STREAM,
        { message: (fd, text) => void kernel.write(fd, text) },
        [],
        { path },
      )
      expect(addr).toEqual({ address: path, port: 0, family: 'local' })
      const client = await dialling(kernel, STREAM, addr, { message: (_fd, text) => inbox.put(text) })
      kernel.write(client, 'by path')
      expect(await inbox.next()).toBe('by path')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a peer that never reads stops the writer, and drains later', async () => {
    await using kernel = await netKernel(isolation)
    const drained = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<Fd<any>>()
    const { addr } = await serving(kernel, STREAM_BINARY, {
      open: fd => opened.resolve(fd),
      drain: () => drained.resolve(),
    })
    await using peer = await plainPeer(addr)
    peer.socket.pause()
    const fd = await opened.promise
    const chunk = Buffer.alloc(64 * 1024, 'x')
    let sent = 0
    while (kernel.write(fd, chunk)) {
      sent += chunk.length
      await new Promise(resolve => setImmediate(resolve))
      if (sent > 512 * 1024 * 1024) throw new Error('nothing stops the writer')
    }
    sent += chunk.length
    expect(kernel.status(fd)!.queued).toBeLessThan(16 * 256 * 1024)
    expect((await peer.take(sent)).length).toBe(sent)
    await drained.promise
  })

  test('a program that does not read stops the peer, within the read window', async () => {
    await using kernel = await netKernel(isolation)
    const first = Promise.withResolvers<Fd<any>>()
    let received = 0
    const { addr } = await serving(
      kernel,
      STREAM_BINARY,
      {
        message(fd, bytes) {
          received += bytes.length
          kernel.pause(fd)
          first.resolve(fd)
        },
      },
      [[SO_READ_WINDOW, 65_536]],
    )
    await using peer = await plainPeer(addr)
    const total = 64 * 1024 * 1024
    const chunk = Buffer.alloc(1024 * 1024)
    let sent = 0
    const pump = (): void => {
      while (sent < total) {
        sent += chunk.length
        if (!peer.socket.write(chunk)) return void peer.socket.once('drain', pump)
      }
      peer.socket.end()
    }
    pump()
    const fd = await first.promise
    kernel.attach(fd, {
      message: (_fd, bytes) => void (received += bytes.length),
    })
    const status = kernel.status(fd)!
    expect(status.bytesIn).toBeLessThan(1024 * 1024)
    kernel.resume(fd)
    await until(() => received === total)
  })

  test('the peer half-closes: the fd ends too, or stays with SO_HALF_OPEN', async () => {
    await using kernel = await netKernel(isolation)
    const plain = await serving(kernel, STREAM, {})
    await using peer = await plainPeer(plain.addr)
    peer.socket.end('done')
    expect((await peer.rest()).length).toBe(0)
    const open = await serving(
      kernel,
      STREAM,
      {
        end(fd) {
          kernel.write(fd, 'still here')
          kernel.end(fd)
        },
      },
      [[SO_HALF_OPEN, true]],
    )
    await using half = await plainPeer(open.addr)
    half.socket.end('done')
    expect(String(await half.rest())).toBe('still here')
  })

  test('a reset is ECONNRESET in close, and another connection does not notice', async () => {
    await using kernel = await netKernel(isolation)
    const closed = Promise.withResolvers<Error | undefined>()
    const inbox = new Inbox<string>()
    const { addr } = await serving(kernel, STREAM, {
      message: (_fd, text) => inbox.put(text),
      close: (_fd, error) => closed.resolve(error),
    })
    await using other = await plainPeer(addr)
    await using peer = await plainPeer(addr)
    peer.socket.write('x')
    await inbox.next()
    peer.socket.resetAndDestroy()
    expect(await closed.promise).toMatchObject({ code: 'ECONNRESET' })
    other.socket.write('unharmed')
    expect(await inbox.next()).toBe('unharmed')
  })

  test('bind and connect tell what is wrong', async () => {
    await using kernel = await netKernel(isolation)
    const { addr } = await serving(kernel, STREAM, {})
    const codes = async (call: Promise<unknown>) =>
      call.then(
        () => 'fine',
        error => error.code,
      )
    const fresh = () => kernel.create(STREAM, { error() {} })
    expect(await codes(kernel.bind(fresh(), addr.port))).toBe('EADDRINUSE')
    expect(await codes(kernel.bind(fresh(), { host: '192.0.2.1', port: 0 }))).toBe('EADDRNOTAVAIL')
    expect(await codes(kernel.connect(fresh(), { path: '/no/such/socket' }))).toBe('ENOENT')
    expect(await codes(kernel.connect(fresh(), { host: 'no.such.host.invalid', port: 1 }))).toMatch(
      /^(ENOTFOUND|EAI_AGAIN)$/,
    )
    const from = fresh()
    await kernel.setOption(from, SO_CONNECT, { localAddress: 'nonsense' })
    expect(await codes(kernel.connect(from, addr.port))).toBe('EBADADDR')
    const bound = fresh()
    await kernel.bind(bound, 0)
    expect(await codes(kernel.bind(bound, 0))).toBe('EISBOUND')
    expect(await codes(kernel.listen(fresh()))).toBe('ENOADDR')
    expect(() => kernel.write(bound, 'x')).toThrow(expect.objectContaining({ code: 'ENOTCONN' }))
    expect(() => kernel.write(kernel.create(STREAM, {}), 'x')).toThrow(
      expect.objectContaining({ code: 'ENOTCONN' }),
    )
    const client = await dialling(kernel, STREAM, addr, {})
    expect(await codes(kernel.listen(client))).toBe('EISCONN')
    expect(await codes(kernel.connect(client, addr.port))).toBe('EISCONN')
    expect(() => kernel.write(client, { text: 'x' } as never)).toThrow(
      expect.objectContaining({ code: 'ETYPENOTSUPP' }),
    )
  })

  test('a client connects from the address it was bound to', async () => {
    await using kernel = await netKernel(isolation)
    const from = Promise.withResolvers<unknown>()
    const { addr } = await serving(kernel, STREAM, { open: (_fd, _listener, peer) => from.resolve(peer) })
    const client = kernel.create(STREAM, {})
    const local = await kernel.bind(client, 0)
    await kernel.connect(client, addr.port)
    expect(await from.promise).toEqual(local)
  })

  test('a write before connect has resolved follows it', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<string>()
    const { addr } = await serving(kernel, STREAM, { message: (_fd, text) => inbox.put(text) })
    const client = kernel.create(STREAM, {})
    void kernel.connect(client, addr.port)
    kernel.write(client, 'early')
    expect(await inbox.next()).toBe('early')
  })

  test('a broadcast reaches every connection, encoded once', async () => {
    await using kernel = await netKernel(isolation)
    let open = 0
    const { server, addr } = await serving(kernel, STREAM, { open: () => void open++ })
    const peers = await Promise.all([plainPeer(addr), plainPeer(addr), plainPeer(addr)])
    await until(() => open === 3)
    expect(kernel.broadcast(server, 'hear ye')).toBe(true)
    for (const peer of peers) {
      expect(String(await peer.take(7))).toBe('hear ye')
      await peer[Symbol.asyncDispose]()
    }
    expect(() => kernel.broadcast(server, 7 as never)).toThrow(
      expect.objectContaining({ code: 'ETYPENOTSUPP' }),
    )
  })

  test('close flushes what is queued', async () => {
    await using kernel = await netKernel(isolation)
    const big = 'x'.repeat(3_000_000)
    const { addr } = await serving(kernel, STREAM, {
      open(fd) {
        kernel.write(fd, big)
        void kernel.close(fd)
      },
    })
    await using peer = await plainPeer(addr)
    expect((await peer.rest()).length).toBe(big.length)
  })

  test('what the worker held is closed with EPLUGIN when it dies, and listeners listen again', async () => {
    await using kernel = await netKernel(isolation === 'inline' ? 'thread' : isolation)
    const inbox = new Inbox<string>()
    const closed = Promise.withResolvers<Error | undefined>()
    const { server, addr } = await serving(kernel, STREAM, {
      message: (_fd, text) => inbox.put(text),
      close: (_fd, error) => closed.resolve(error),
    })
    const idle = kernel.create(STREAM, {})
    await using peer = await plainPeer(addr)
    peer.socket.write('one')
    expect(await inbox.next()).toBe('one')
    const { workers } = await kernel.inspect()
    const pid = workers.find(worker => worker.name === 'net')!.inside!.pid
    if (isolation === 'process') process.kill(pid, 'SIGKILL')
    else await kernel.close(server)
    if (isolation !== 'process') return
    expect(await closed.promise).toMatchObject({ code: 'EPLUGIN' })
    await until(() => kernel.metrics().workers.net!.state === 'running')
    await kernel.setOption(server, SO_MAX_CONNECTIONS, 100)
    await using again = await plainPeer(addr)
    again.socket.write('two')
    expect(await inbox.next()).toBe('two')
    await kernel.connect(idle, addr.port)
  })
})

test('SO_MAX_CONNECTIONS refuses the ones beyond', async () => {
  await using kernel = await netKernel()
  const inbox = new Inbox<string>()
  const { server, addr } = await serving(kernel, STREAM, { message: (_fd, text) => inbox.put(text) }, [
    [SO_MAX_CONNECTIONS, 1],
  ])
  await using first = await plainPeer(addr)
  first.socket.write('in')
  expect(await inbox.next()).toBe('in')
  await using second = await plainPeer(addr)
  expect((await second.rest().catch(() => Buffer.alloc(0))).length).toBe(0)
  await kernel.setOption(server, SO_MAX_CONNECTIONS, 2)
  await using third = await plainPeer(addr)
  third.socket.write('in too')
  expect(await inbox.next()).toBe('in too')
})

test('SO_TIMEOUT closes a connection without traffic, and traffic keeps it', async () => {
  await using kernel = await netKernel()
  const closed = Promise.withResolvers<Error | undefined>()
  const { addr } = await serving(
    kernel,
    STREAM,
    { message: (fd, text) => void kernel.write(fd, text), close: (_fd, error) => closed.resolve(error) },
    [[SO_TIMEOUT, 1]],
  )
  await using peer = await plainPeer(addr)
  peer.socket.write('x')
  await peer.take(1)
  expect(await closed.promise).toMatchObject({
    code: 'ETIMEDOUT',
    message: expect.stringContaining('SO_TIMEOUT'),
  })
})

test("timeouts of one thread's kernels outlive each other", async () => {
  await using kernel = await netKernel('inline')
  const other = await netKernel('inline')
  const closed = Promise.withResolvers<Error | undefined>()
  const { addr } = await serving(kernel, STREAM, { close: (_fd, error) => closed.resolve(error) }, [
    [SO_TIMEOUT, 1],
  ])
  await using _peer = await plainPeer(addr)
  await other.close()
  expect(await closed.promise).toMatchObject({ code: 'ETIMEDOUT' })
})

test.each(ISOLATIONS)(
  'options change on a connection: no delay, keep-alive, timeouts, over %s',
  async isolation => {
    await using kernel = await netKernel(isolation)
    const opened = Promise.withResolvers<Fd<any>>()
    const { addr } = await serving(kernel, STREAM, { open: fd => opened.resolve(fd) })
    await using _peer = await plainPeer(addr)
    const fd = await opened.promise
    for (const [option, value] of [
      [SO_NODELAY, false],
      [SO_KEEPALIVE, true],
      [SO_TIMEOUT, 60],
      [SO_LONG_TIMEOUT, 5],
    ] as const) {
      await kernel.setOption(fd, option as any, value)
      expect(kernel.getOption(fd, option as any)).toBe(value)
      expect(await kernel.query(fd, option as any)).toBe(value)
    }
  },
)

test.each(ISOLATIONS)(
  "an accepted connection's own SO_LINGER holds, else its listener's, over %s",
  async isolation => {
    await using kernel = await netKernel(isolation)
    const opened = new Inbox<Fd<any>>()
    const { server, addr } = await serving(kernel, STREAM, { open: fd => opened.put(fd) }, [
      [SO_LINGER, 3600],
    ])
    await using silent = await plainPeer(addr)
    const fd = await opened.next()
    expect(await kernel.query(fd, SO_LINGER)).toBe(3600)
    await kernel.setOption(fd, SO_LINGER, 0)
    expect(await kernel.query(fd, SO_LINGER)).toBe(0)
    await kernel.close(fd) // the peer does not end: without its own value this would take an hour
    await kernel.setOption(server, SO_LINGER, 0)
    await using _other = await plainPeer(addr)
    const other = await opened.next()
    expect(await kernel.query(other, SO_LINGER)).toBe(0)
    await kernel.close(other)
    expect(silent.socket.destroyed).toBe(false)
  },
)

test('a peer that does not answer the end is dropped after SO_LINGER', async () => {
  await using kernel = await netKernel()
  const sockets: NetSocket[] = []
  const server = createServer(
    { allowHalfOpen: true },
    socket => void sockets.push(socket.on('error', () => {})),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = kernel.create(STREAM, {})
  await kernel.setOption(client, SO_LINGER, 0)
  await kernel.connect(client, port)
  await kernel.close(client)
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('a listener is iterated by connection, a client by message', async () => {
  await using kernel = await netKernel()
  await using server = kernel.socket(STREAM)
  void server.bind(0)
  const { port } = await server.listen()
  await using client = kernel.socket(STREAM)
  await client.connect(port)
  client.write('hello')
  for await (const connection of server) {
    if (typeof connection === 'string') throw new Error('a listener has no messages')
    for await (const text of connection) {
      expect(text).toBe('hello')
      connection.write('bye')
      break
    }
    break
  }
  for await (const text of client) {
    expect(text).toBe('bye')
    break
  }
})

test('options of other modes are refused, with those the mode has', async () => {
  await using kernel = await netKernel()
  const stream = kernel.create(STREAM, { error() {} })
  await expect(kernel.setOption(stream, 6 as never, 1 as never)).rejects.toMatchObject({
    code: 'ENOPROTOOPT',
    message: expect.stringContaining('SO_ENCODING (18)'),
  })
  await expect(kernel.setOption(stream, SO_ENCODING, 'ebcdic' as never)).rejects.toMatchObject({
    code: 'EINVAL',
  })
  const mud = kernel.create(MUD, { error() {} })
  await expect(kernel.setOption(mud, SO_ENCODING as never, 'utf8' as never)).rejects.toMatchObject({
    code: 'ENOPROTOOPT',
  })
  const packed = kernel.create(STREAM_COMPRESSED, { error() {} })
  await expect(kernel.setOption(packed, SO_ENCODING as never, 'utf8' as never)).rejects.toMatchObject({
    code: 'ENOPROTOOPT',
  })
})
