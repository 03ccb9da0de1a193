import { describe, expect, test } from 'vitest'
import { SO_HALF_OPEN, SO_WRITE_HIGH_WATER, type SocketError } from '../src/index.ts'
import { ECHO_CLIENT, ECHO_ROW, ECHO_SECRET, ECHO_SERVER, ECHO_UPPER } from './fixtures/echo/index.ts'
import { echoKernel, ISOLATIONS, listening, peer, signal, until } from './support/resources.ts'

describe.each(ISOLATIONS)('over %s', isolation => {
  test('a message goes out to the owner and back', async () => {
    await using kernel = await echoKernel(isolation)
    const { addr } = await listening(kernel, { message: (fd, data) => void kernel.write(fd, data) })
    await using client = await peer(addr.port)
    client.write('hello')
    expect((await client.bytes(5)).toString()).toBe('hello')
  })

  test('open runs before the first message, close once, with the addresses', async () => {
    await using kernel = await echoKernel(isolation)
    const events: unknown[] = []
    const closed = signal()
    const { addr, server } = await listening(kernel, {
      open: (_fd, listener, from) => void events.push(['open', listener, from.family]),
      message: (_fd, data) => void events.push(['message', String(data)]),
      close: (_fd, error) => {
        events.push(['close', error])
        closed.resolve()
      },
    })
    await using client = await peer(addr.port)
    client.end('hello')
    await closed.promise
    await client.ended()
    expect(events).toEqual([
      ['open', server, 'IPv4'],
      ['message', 'hello'],
      ['close', undefined],
    ])
  })

  test('bytes arrive whole and in order, small and large', async () => {
    await using kernel = await echoKernel(isolation)
    const { addr } = await listening(kernel, { message: (fd, data) => void kernel.write(fd, data) })
    await using client = await peer(addr.port)
    const sent = Buffer.alloc(3_000_000)
    for (let i = 0; i < sent.length; i += 4) sent.writeUInt32BE(i, i)
    client.write(sent)
    expect((await client.bytes(sent.length)).equals(sent)).toBe(true)
  })

  test('a large write is copied, so that later changes to it are not seen', async () => {
    await using kernel = await echoKernel(isolation)
    const { addr } = await listening(kernel, {
      open: fd => {
        const data = Buffer.alloc(200_000, 'a')
        kernel.write(fd, data)
        data.fill('b')
      },
    })
    await using client = await peer(addr.port)
    expect((await client.bytes(200_000)).equals(Buffer.alloc(200_000, 'a'))).toBe(true)
  })

  test('transfer hands memory over', async () => {
    await using kernel = await echoKernel(isolation)
    const data = new Uint8Array(200_000).fill(97)
    const { addr } = await listening(kernel, { open: fd => void kernel.write(fd, data, { transfer: true }) })
    await using client = await peer(addr.port)
    expect((await client.bytes(200_000)).length).toBe(200_000)
    if (isolation !== 'process') expect(data.byteLength).toBe(0)
  })

  test('a slow handler stops its own peer only, and what waits is bounded', async () => {
    await using kernel = await echoKernel(isolation)
    const release = signal()
    let slow = 0
    let slowBytes = 0
    const { addr } = await listening(kernel, {
      message: (fd, data) => {
        const bytes = data as Buffer
        if (slow === 0 && bytes[0] === 0x73) slow = fd
        if (fd !== slow) return void kernel.write(fd, data)
        slowBytes += bytes.length
        return release.promise
      },
    })
    await using slowPeer = await peer(addr.port)
    await using quickPeer = await peer(addr.port)
    const load = Buffer.alloc(8 * 1024 * 1024, 's')
    slowPeer.write(load)
    await until(() => slowBytes > 200_000)
    quickPeer.write('quick')
    expect((await quickPeer.bytes(5)).toString()).toBe('quick')
    expect(slowBytes).toBeLessThan(1024 * 1024)
    release.resolve()
    await until(() => slowBytes === load.length)
  })

  test('a paused fd gets nothing until it is resumed', async () => {
    await using kernel = await echoKernel(isolation)
    let bytes = 0
    const opened = signal<number>()
    const { addr } = await listening(kernel, {
      open: fd => {
        kernel.pause(fd)
        opened.resolve(fd)
      },
      message: (_fd, data) => void (bytes += (data as Buffer).length),
    })
    await using client = await peer(addr.port)
    client.write(Buffer.alloc(2_000_000))
    const fd = (await opened.promise) as any
    await until(() => (kernel.status(fd)?.bytesIn ?? 0) > 200_000)
    expect(bytes).toBe(0)
    expect(kernel.status(fd)?.state).toBe('paused')
    kernel.resume(fd)
    await until(() => bytes === 2_000_000)
  })

  test('write says when to wait, and drain when to go on', async () => {
    await using kernel = await echoKernel(isolation)
    const drained = signal()
    const chunk = Buffer.alloc(64 * 1024 - 100)
    let writes = 0
    const { addr } = await listening(kernel, {
      open: fd => {
        while (kernel.write(fd, chunk)) writes++
        writes++
      },
      drain: () => drained.resolve(),
    })
    await using client = await peer(addr.port)
    client.pause()
    client.resume()
    await drained.promise
    expect(writes).toBeGreaterThan(2)
    expect((await client.bytes(writes * chunk.length)).length).toBe(writes * chunk.length)
  })

  test('a reader that never reads is closed with ENOBUFS at sixteen times the high-water mark', async () => {
    await using kernel = await echoKernel(isolation)
    const closed = signal<Error | undefined>()
    const server = kernel.create(ECHO_SERVER, {
      open: fd => {
        const chunk = Buffer.alloc(1024)
        const flood = (): void => {
          for (let i = 0; i < 200; i++) kernel.write(fd, chunk)
          if (kernel.status(fd)) setImmediate(flood)
        }
        flood()
      },
      close: (_fd, error) => closed.resolve(error),
    })
    await kernel.setOption(server, SO_WRITE_HIGH_WATER, 4096)
    const addr = await kernel.bind(server, 0)
    await kernel.listen(server)
    await using client = await peer(addr.port)
    client.pause()
    expect(await closed.promise).toMatchObject({ code: 'ENOBUFS' })
  })

  test('the half-close of a peer is end, answered with close unless SO_HALF_OPEN', async () => {
    await using kernel = await echoKernel(isolation)
    const ended = signal<any>()
    const { server, addr } = await listening(kernel, { end: fd => ended.resolve(fd) })
    await kernel.setOption(server, SO_HALF_OPEN, true)
    await using client = await peer(addr.port)
    client.end('bye')
    const fd = await ended.promise
    expect(kernel.write(fd, 'after the end')).toBe(true)
    expect((await client.bytes(13)).toString()).toBe('after the end')
    kernel.end(fd)
    await client.ended()
  })

  test('no handler of an fd runs after its close returns, and close flushes', async () => {
    await using kernel = await echoKernel(isolation)
    const events: string[] = []
    const { addr } = await listening(kernel, {
      message: fd => {
        kernel.write(fd, 'last words')
        void kernel.close(fd)
        expect(kernel.write(fd, 'too late')).toBe(false)
        events.push('message')
      },
      close: () => void events.push('close'),
    })
    await using client = await peer(addr.port)
    client.write('x')
    await client.ended()
    expect(client.received().toString()).toBe('last words')
    expect(events).toEqual(['message'])
    expect(kernel.status()).toHaveLength(1)
  })

  test('closing a listener frees its port and leaves its connections', async () => {
    await using kernel = await echoKernel(isolation)
    const opened = signal<any>()
    const { server, addr } = await listening(kernel, {
      open: fd => opened.resolve(fd),
      message: (fd, data) => void kernel.write(fd, data),
    })
    await using client = await peer(addr.port)
    const fd = await opened.promise
    await kernel.close(server)
    client.write('still here')
    expect((await client.bytes(10)).toString()).toBe('still here')
    await kernel.close(fd)
    const again = kernel.create(ECHO_SERVER, {})
    expect(await kernel.bind(again, addr)).toEqual(addr)
  })

  test('write to several fds, and broadcast to all but one', async () => {
    await using kernel = await echoKernel(isolation)
    const fds: any[] = []
    const { server, addr } = await listening(kernel, { open: fd => void fds.push(fd) })
    await using a = await peer(addr.port)
    await using b = await peer(addr.port)
    await until(() => fds.length === 2)
    expect(kernel.write(fds, 'all')).toBe(true)
    await Promise.all([a.bytes(3), b.bytes(3)])
    kernel.broadcast(server, 'B', { except: fds[0] })
    await Promise.race([a.bytes(4), b.bytes(4)])
    kernel.write(fds, '.')
    const texts = await Promise.all([a.bytes(4), b.bytes(5)])
    expect(texts.map(String).sort()).toEqual(['all.', 'allB.'])
  })

  test('a client connects, is answered and closed', async () => {
    await using kernel = await echoKernel(isolation)
    const { addr } = await listening(kernel, { message: (fd, data) => void kernel.write(fd, data) })
    const got = signal<string>()
    const opened = signal<unknown>()
    const client = kernel.create(ECHO_CLIENT, {
      open: (_fd, _listener, to) => opened.resolve(to),
      message: (_fd, data) => got.resolve(String(data)),
    })
    const connecting = kernel.connect(client, addr)
    kernel.write(client, 'written before the connection stood')
    expect(await connecting).toEqual(addr)
    expect(await opened.promise).toEqual(addr)
    expect(await got.promise).toBe('written before the connection stood')
    await kernel.close(client)
  })

  test('a failed connect ends the fd with the system code', async () => {
    await using kernel = await echoKernel(isolation)
    const { server, addr } = await listening(kernel)
    await kernel.close(server)
    const closed = signal<Error | undefined>()
    const client = kernel.create(ECHO_CLIENT, { close: (_fd, error) => closed.resolve(error) })
    await expect(kernel.connect(client, addr)).rejects.toMatchObject({ code: 'ECONNREFUSED', fd: client })
    expect(await closed.promise).toMatchObject({ code: 'ECONNREFUSED' })
    expect(kernel.write(client, 'x')).toBe(false)
  })

  test('request resolves with the reply, and gives up by timeout and signal', async () => {
    await using kernel = await echoKernel(isolation)
    const client = kernel.create(ECHO_CLIENT, {})
    const value = { nested: [1, 'two', null, { three: 3.5 }], when: new Date(5), bytes: Buffer.from('raw') }
    expect(await kernel.request(client, value)).toEqual({ got: value })
    await expect(kernel.request(client, 'never', { timeout: 20 })).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
    const abort = new AbortController()
    const given = kernel.request(client, 'never', { signal: abort.signal })
    abort.abort()
    await expect(given).rejects.toMatchObject({ code: 'ECANCELED' })
    expect(kernel.metrics().workers.echo!.pendingCalls).toBe(0)
  })

  test('an option reaches the driver in order, and a refused one leaves the old value', async () => {
    await using kernel = await echoKernel(isolation)
    const { server, addr } = await listening(kernel, { message: (fd, data) => void kernel.write(fd, data) })
    await kernel.setOption(server, ECHO_UPPER, true)
    await using client = await peer(addr.port)
    client.write('shout')
    expect((await client.bytes(5)).toString()).toBe('SHOUT')
    await kernel.setOption(server, ECHO_ROW, { name: 'first' })
    await expect(kernel.setOption(server, ECHO_ROW, { name: 'refused' })).rejects.toThrow(
      'a row named refused',
    )
    expect(kernel.getOption(server, ECHO_ROW)).toEqual({ name: 'first' })
    expect(await kernel.query(server, ECHO_ROW)).toMatchObject({ rows: ['first'] })
  })

  test('a function in an option gets the messages the driver names it for', async () => {
    await using kernel = await echoKernel(isolation)
    const got: string[] = []
    const { server, addr } = await listening(kernel, {
      message: (_fd, data) => void got.push(`callback ${data}`),
    })
    const first = signal()
    await kernel.setOption(server, ECHO_ROW, {
      name: 'to',
      handler: data => {
        got.push(`handler ${data}`)
        first.resolve()
      },
    })
    await using client = await peer(addr.port)
    client.write('to: x')
    await first.promise
    expect(got).toEqual(['handler to: x'])
    await kernel.close(server)
    client.destroy()
    await client.ended()
    expect(kernel.metrics().functions).toBe(0)
  })

  test('what a handler throws goes to error, and the rest of the batch is delivered', async () => {
    await using kernel = await echoKernel(isolation)
    const errors: string[] = []
    let messages = 0
    const { addr } = await listening(kernel, {
      message: (fd, data) => {
        messages++
        kernel.write(fd, data)
        if (messages === 1) throw new Error('thrown')
        return Promise.reject(new Error('rejected'))
      },
      error: (_fd, error) => void errors.push(error.message),
    })
    await using client = await peer(addr.port)
    client.write('1')
    await client.bytes(1)
    client.write('2')
    await client.bytes(2)
    await until(() => errors.length === 2)
    expect(errors).toEqual(['thrown', 'rejected'])
  })

  test('an error no handler takes is logged, never thrown', async () => {
    await using kernel = await echoKernel(isolation)
    const { addr } = await listening(kernel, {
      message: () => {
        throw new Error('nobody hears')
      },
    })
    await using client = await peer(addr.port)
    client.write('x')
    await until(() => kernel.lines.length > 0)
    expect(kernel.lines[0]).toMatchObject({ level: 'error', details: { error: { message: 'nobody hears' } } })
    expect(kernel.metrics().unhandled).toBe(1)
  })

  test('what a driver throws ends its fd with EPLUGIN, what it calls a usage error is reported', async () => {
    await using kernel = await echoKernel(isolation)
    const outcomes: unknown[] = []
    const { addr } = await listening(kernel, {
      message: (fd, data) => void kernel.write(fd, String(data)),
      error: (_fd, error) => void outcomes.push(['error', (error as SocketError).code]),
      close: (_fd, error) => void outcomes.push(['close', (error as SocketError)?.code]),
    })
    await using client = await peer(addr.port)
    client.write('usage')
    await until(() => outcomes.length === 1)
    client.write('throw')
    await client.ended()
    await until(() => outcomes.length === 2)
    expect(outcomes).toEqual([
      ['error', 'EINVAL'],
      ['close', 'EPLUGIN'],
    ])
  })

  test('iteration: a listener gives connections, a connection messages', async () => {
    await using kernel = await echoKernel(isolation)
    await using server = kernel.socket(ECHO_SERVER)
    const addr = await server.bind(0)
    await server.listen()
    await using client = await peer(addr.port)
    client.write('one')
    for await (const connection of server) {
      for await (const message of connection) {
        connection.write(`got ${message}`)
        if (String(message) === 'two') break
        client.write('two')
      }
      await connection.close()
      await connection.closed
      break
    }
    await client.ended()
    expect(client.received().toString()).toBe('got onegot two')
  })

  test('a secret reads back redacted', async () => {
    await using kernel = await echoKernel(isolation)
    const { server } = await listening(kernel)
    await kernel.setOption(server, ECHO_SECRET, 'open sesame')
    expect(kernel.getOption(server, ECHO_SECRET)).toBe('[redacted]')
    await expect(kernel.setOption(server, ECHO_SECRET, 'no')).rejects.toThrow(/^(?!.*got).*502/)
  })

  test('close of the kernel finishes what is in flight and frees everything', async () => {
    const kernel = await echoKernel(isolation)
    const { addr } = await listening(kernel, {
      message: async (fd, data) => {
        await new Promise(resolve => setImmediate(resolve))
        kernel.write(fd, data)
        await kernel.close(fd)
      },
    })
    const client = await peer(addr.port)
    const other = await peer(addr.port)
    client.write('in flight')
    other.destroy()
    await client.bytes(9)
    await kernel.close()
    await client.ended()
    expect(client.received().toString()).toBe('in flight')
    const refused = await peer(addr.port).then(
      () => 'accepted',
      error => error.code,
    )
    expect(refused).toBe('ECONNREFUSED')
    expect(kernel.status()).toEqual([])
    expect(() => kernel.create(ECHO_SERVER, {})).toThrow('the kernel is closed')
  })
})
