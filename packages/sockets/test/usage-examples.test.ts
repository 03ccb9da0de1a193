/** The usage examples of uSockets' Rust wrapper, under the names of this package. */
import { once } from 'node:events'
import net from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import {
  CLEAN_SHUTDOWN,
  CONNECTION_RESET,
  InetAddr,
  Loop,
  LoopHandle,
  type Socket,
  type SocketContextOptions,
  UdpPacketBuffer,
  UdpSocket,
} from '../src/index.ts'

const authority = new Authority()
const issued = authority.issue('localhost')
afterAll(() => authority[Symbol.dispose]())

describe('event loop', () => {
  test('create with default extension data', () => {
    using loop = new Loop()
    expect(loop.ext).toBeUndefined()
    expect(loop.isValid()).toBe(true)
  })

  test('create with custom extension data', () => {
    const myData = { connections: 0 }
    using loop = new Loop({ ext: myData })
    expect(loop.ext).toBe(myData)
  })

  test('handle, create_timer, create_socket_context, run', async () => {
    using loop = new Loop()
    const handle = loop.handle()
    expect([handle.isOnLoopThread(), handle.isLoopRunning(), handle.isValid()]).toEqual([true, false, true])
    const timer = loop.createTimer()
    const context = loop.createSocketContext()
    expect([timer.isActive, context.isClosed]).toEqual([false, false])
    let running = false
    handle.defer(() => {
      running = handle.isLoopRunning()
    })
    await loop.run()
    expect(running).toBe(true)
    expect(handle.isLoopRunning()).toBe(false)
  })

  test('run_simple: without deferred callback processing', async () => {
    using loop = new Loop()
    const called: string[] = []
    loop.defer(() => called.push('deferred'))
    loop.createTimer().set(1, 0, () => called.push('timer'))
    await loop.runSimple()
    expect(called).toEqual(['timer'])
  })

  test('LoopMut: handle, create_timer and defer within a callback', async () => {
    using loop = new Loop({ ext: [] as string[] })
    loop.defer(it => {
      it.createTimer('created within').set(1, 0, timer => {
        it.ext.push(timer.ext!)
        it.defer(again => again.ext.push('deferred within'))
      })
      expect(it.handle().isOnLoopThread()).toBe(true)
    })
    loop.createTimer().set(20, 0, timer => timer.close())
    await loop.run()
    expect(loop.ext).toEqual(['created within', 'deferred within'])
  })
})

describe('deferred execution', () => {
  test('two queues alternate: what a callback defers runs after what waited with it', async () => {
    using loop = new Loop({ ext: [] as string[] })
    loop.defer(it => {
      it.ext.push('first')
      it.defer(next => {
        next.ext.push('from within')
        next.stop()
      })
    })
    loop.defer(it => it.ext.push('second'))
    await loop.run({ untilStopped: true })
    expect(loop.ext).toEqual(['first', 'second', 'from within'])
  })

  test('callback types: one that is called once, one that is shared, and a plain function', async () => {
    using loop = new Loop({ ext: { calls: [] as string[] } })
    const shared = (it: Loop<{ calls: string[] }>) => void it.ext.calls.push('shared')
    loop.defer(it => void it.ext.calls.push('once'))
    loop.defer(shared)
    loop.defer(shared)
    loop.defer(plain)
    await loop.run()
    expect(loop.ext.calls).toEqual(['once', 'shared', 'shared', 'plain'])
  })
  function plain(it: Loop<{ calls: string[] }>): void {
    it.ext.calls.push('plain')
  }
})

describe('timers', () => {
  test('set timer with callback, reset without changing it, close explicitly', async () => {
    using loop = new Loop()
    let fired = 0
    const timer = loop.createTimer()
    timer.set(1000, 0, () => {
      fired++
    })
    timer.reset(2, 1)
    const began = performance.now()
    while (fired < 2) await new Promise(resolve => setImmediate(resolve))
    expect(performance.now() - began).toBeLessThan(900)
    timer.close()
    expect(timer.isActive).toBe(false)
    await loop.run()
  })

  test('ext: access user extension data', () => {
    using loop = new Loop()
    expect(loop.createTimer({ ticks: 3 }).ext).toEqual({ ticks: 3 })
  })
})

describe('socket contexts', () => {
  test('SocketContextOptions: each of its fields', async () => {
    await using loop = new Loop()
    const options: SocketContextOptions<true> = {
      ssl: true,
      keyFile: authority.encrypt(issued, 'secret'),
      certFile: issued.certificatePath,
      passphrase: 'secret',
      dhParamsFile: 'auto',
      caFile: authority.path,
      ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256',
      lowMemory: true,
    }
    const context = loop.createSocketContext<true>(options)
    expect(context.tls).toBeDefined()
    const listenSocket = await context.listen('127.0.0.1', 0)
    expect(listenSocket.port).toBeGreaterThan(0)
  })

  test('listen for connections, connect to a remote server: the ten callbacks', async () => {
    await using loop = new Loop()
    const called = new Set<string>()
    const opened = Promise.withResolvers<Socket>()
    const timedOut = Promise.withResolvers<void>()
    const refused = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    const server = loop.createSocketContext<true>({
      ssl: true,
      keyFile: issued.privateKeyPath,
      certFile: issued.certificatePath,
      highWaterMark: 1000,
    })
    server
      .onServerName(name => {
        called.add(`server name ${name}`)
        return server.tls
      })
      .onPreOpen(() => {
        called.add('pre open')
        return true
      })
      .onOpen(socket => {
        called.add('open')
        socket.setTimeout(1)
        socket.setLongTimeout(1)
        opened.resolve(socket)
      })
      .onData((socket, data) => {
        called.add(`data ${data}`)
        expect(socket.write(Buffer.alloc(2000))).toBe(1000)
      })
      .onWritable(() => called.add('writable'))
      .onTimeout(() => {
        called.add('timeout')
        timedOut.resolve()
      })
      .onLongTimeout(() => called.add('long timeout'))
      .onEnd(socket => {
        called.add('end')
        socket.close()
      })
      .onClose((_socket, code) => {
        called.add(`close ${code}`)
        closed.resolve()
      })
    const listenSocket = await server.listen('127.0.0.1', 0)
    const client = loop.createSocketContext<true>({ ssl: true, caFile: authority.path })
    client.onConnectError(() => {
      called.add('connect error')
      refused.resolve()
    })
    const socket = client.connect('localhost', listenSocket.port)
    socket.write('hello', false)
    await opened.promise
    await timedOut.promise
    socket.shutdown()
    await closed.promise
    listenSocket.close()
    client.connect('localhost', listenSocket.port)
    await refused.promise
    expect([...called].sort()).toEqual(
      [
        'server name localhost',
        'pre open',
        'open',
        'data hello',
        'writable',
        'timeout',
        'end',
        `close ${CLEAN_SHUTDOWN}`,
        'connect error',
      ].sort(),
    )
  })
})

/** Both ends of a connection, on contexts of their own. */
async function connected(loop: Loop) {
  const accepted = Promise.withResolvers<Socket>()
  const received: Buffer[] = []
  let wake = (): void => {}
  const closed = Promise.withResolvers<number>()
  const server = loop
    .createSocketContext()
    .onOpen(socket => accepted.resolve(socket))
    .onData((_socket, data) => {
      received.push(data)
      wake()
    })
    .onEnd(() => {})
    .onClose((_socket, code) => closed.resolve(code))
  const { port } = await server.listen('127.0.0.1', 0)
  const open = Promise.withResolvers<Socket>()
  loop
    .createSocketContext()
    .onOpen(socket => open.resolve(socket))
    .onEnd(() => {})
    .connect('127.0.0.1', port)
  return {
    port,
    socket: await open.promise,
    accepted: await accepted.promise,
    closed: closed.promise,
    async received(text: string): Promise<void> {
      while (Buffer.concat(received).length < text.length)
        await new Promise<void>(resolve => (wake = resolve))
      expect(String(Buffer.concat(received))).toBe(text)
    },
  }
}

describe('sockets', () => {
  test('write with more to come, write header and payload, flush pending writes', async () => {
    await using loop = new Loop()
    const { socket, received } = await connected(loop)
    const data = 'data '
    expect(socket.write(data, true)).toBe(data.length)
    expect(socket.write2('header ', 'payload ')).toBe('header payload '.length)
    expect(socket.write('last', true)).toBe(4)
    socket.flush()
    await received('data header payload last')
  })

  test('graceful shutdown, shutdown of the read side, close with a code', async () => {
    await using loop = new Loop()
    const { socket, accepted, received, closed } = await connected(loop)
    socket.shutdownRead()
    expect(socket.isShutDown).toBe(false)
    socket.write('last')
    socket.shutdown()
    expect(socket.isShutDown).toBe(true)
    await received('last')
    expect(accepted.write('to nobody')).toBe(9)
    accepted.close(CONNECTION_RESET)
    expect(await closed).toBe(CONNECTION_RESET)
  })

  test('state queries', async () => {
    await using loop = new Loop()
    const { socket, accepted, port } = await connected(loop)
    expect([socket.isClosed, socket.isShutDown]).toEqual([false, false])
    expect([socket.remotePort, socket.remoteAddress]).toEqual([port, '127.0.0.1'])
    expect([accepted.localPort, accepted.remotePort]).toEqual([port, socket.localPort])
    socket.close()
    expect(socket.isClosed).toBe(true)
  })

  test('timeouts: 30 seconds, 5 minutes', async () => {
    await using loop = new Loop()
    const { socket } = await connected(loop)
    socket.setTimeout(30)
    socket.setLongTimeout(5)
    expect(loop.wheel.size).toBe(1)
    socket.close()
    expect(loop.wheel.size).toBe(0)
  })
})

describe('UDP', () => {
  test('packet buffer: a mutable slice of packet data', () => {
    const buffer = new UdpPacketBuffer()
    const payload = buffer.payloadMut(0)
    buffer.setLength(0, payload.write('in place'))
    expect(String(buffer.payload(0))).toBe('in place')
  })

  test('create with a buffer, a host, a port, on_data and on_drain; bind; send packets; receive packets', async () => {
    const buffer = new UdpPacketBuffer()
    const received = Promise.withResolvers<string>()
    await using created = await UdpSocket.create({
      buffer,
      host: '127.0.0.1',
      port: 0,
      onData: (_socket, packets, count) => received.resolve(`${count}: ${packets.payload(0)}`),
      onDrain: () => {},
    })
    await using udp = new UdpSocket()
    expect(await udp.bind({ host: '0.0.0.0', port: 0 })).toBe(true)
    const packets = new UdpPacketBuffer({ packets: 4, size: 1500 })
    packets.write(0, 'ping', created.getSockName())
    expect(udp.send(packets, 1)).toBe(1)
    expect(await received.promise).toBe('1: ping')
    packets.write(0, 'pong', new InetAddr('127.0.0.1', udp.getSockName().port))
    expect(created.send(packets, 1)).toBe(1)
    while (udp.statistics.queued === 0) await new Promise(resolve => setImmediate(resolve))
    expect(udp.receive(packets)).toBe(1)
    expect(String(packets.payload(0))).toBe('pong')
    expect(packets.peer(0)?.equals(created.getSockName())).toBe(true)
  })

  test('on_drain: packets that were left behind may be sent', async () => {
    await using sink = await UdpSocket.create({ host: '127.0.0.1', port: 0, onData() {} })
    const drained = Promise.withResolvers<void>()
    await using udp = await UdpSocket.create({
      host: '127.0.0.1',
      port: 0,
      sendHighWater: 3000,
      onData() {},
      onDrain: () => drained.resolve(),
    })
    const packets = new UdpPacketBuffer({ packets: 8, size: 1000 })
    for (let i = 0; i < 8; i++) packets.write(i, Buffer.alloc(1000), sink.getSockName())
    const taken = udp.send(packets, 8)
    expect(taken).toBeLessThan(8)
    await drained.promise
    expect(udp.send(packets, 1)).toBe(1)
  })
})

describe('cleanup', () => {
  test('automatic: a loop closes its timers, contexts and sockets', async () => {
    const loop = new Loop()
    const { socket, accepted } = await connected(loop)
    const timer = loop.createTimer()
    timer.set(1000, 0, () => expect.unreachable())
    await loop[Symbol.asyncDispose]()
    expect([socket.isClosed, accepted.isClosed, timer.isActive, loop.open]).toEqual([true, true, false, 0])
  })

  test('manual: explicit timer close within a callback, explicit socket close', async () => {
    await using loop = new Loop()
    const { socket } = await connected(loop)
    const errorCode = 5
    await new Promise<void>(resolve => {
      loop.createTimer().set(1, 1, timer => {
        timer.close()
        socket.close(errorCode)
        resolve()
      })
    })
    expect(socket.isClosed).toBe(true)
  })
})

describe('usage patterns', () => {
  test('basic server', async () => {
    const loop = new Loop()
    const ctx = loop.createSocketContext()
    const opened: string[] = []
    ctx.onOpen((_socket, _isClient, address) => opened.push(address))
    ctx.onData((socket, data) => {
      socket.write(data)
      socket.close()
      listenSocket.close()
    })
    const listenSocket = await ctx.listen('127.0.0.1', 0)
    const client = net.connect(listenSocket.port, '127.0.0.1')
    const answer = client.toArray()
    client.write('hello')
    await loop.run()
    expect(String(Buffer.concat(await answer))).toBe('hello')
    expect(opened).toEqual(['127.0.0.1'])
  })

  test('client connection', async () => {
    await using server = net.createServer(socket => {
      socket.once('data', request =>
        socket.end(`HTTP/1.1 204 No Content\r\nX-Got: ${request.length}\r\n\r\n`),
      )
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    using loop = new Loop()
    let answer = ''
    const ctx = loop.createSocketContext().onData((_socket, data) => {
      answer += data
    })
    const socket = ctx.connect('localhost', port, undefined, {})
    socket.write('GET / HTTP/1.1\r\n\r\n', false)
    await loop.run()
    expect(answer).toBe('HTTP/1.1 204 No Content\r\nX-Got: 18\r\n\r\n')
  })

  test('cross-thread operations', async () => {
    using loop = new Loop({ ext: { printed: [] as string[] } })
    loop.register('create timer', (loopMut, ms: number) => {
      expect(loopMut.handle().isOnLoopThread()).toBe(true)
      const timer = loopMut.createTimer()
      timer.set(ms, 0, () => {
        loopMut.ext.printed.push('Timer from other thread!')
        loopMut.stop()
      })
    })
    const handle = loop.handle()
    const other = new Worker(
      `import { workerData } from 'node:worker_threads'
       const { LoopHandle } = await import(workerData.module)
       LoopHandle.from(workerData.handle).defer('create timer', 10)`,
      {
        eval: true,
        execArgv: ['--input-type=module'],
        workerData: { handle: handle.descriptor, module: new URL('../src/index.ts', import.meta.url).href },
      },
    )
    const exit = once(other, 'exit')
    await loop.run({ untilStopped: true })
    await exit
    expect(loop.ext.printed).toEqual(['Timer from other thread!'])
    expect(LoopHandle.from(structuredClone(handle.descriptor)).isOnLoopThread()).toBe(true)
  })
})

test('error handling: every operation that fails says by a code of the table why', async () => {
  using loop = new Loop()
  const ctx = loop.createSocketContext()
  const code = (name: string) => expect.objectContaining({ name: 'SocketsError', code: name })
  const run = loop.run({ untilStopped: true })
  await expect(loop.run()).rejects.toThrow(code('ERR_LOOP_ALREADY_RUNNING'))
  loop.stop()
  await run
  expect(() => loop.createSocketContext<true>({ ssl: true, certFile: '/no/such/file' })).toThrow(
    code('ERR_SOCKET_CONTEXT_CREATION'),
  )
  expect(() => loop.createSocketContext<true>({ ssl: true, certFile: 'a\0b' })).toThrow(
    code('ERR_INVALID_STRING_CONVERSION'),
  )
  expect(() => ctx.connect('no\0host', 80)).toThrow(code('ERR_INVALID_HOST'))
  expect(() => ctx.connect('127.0.0.1', 80, 'no address')).toThrow(code('ERR_INVALID_SOURCE_HOST'))
  const timer = loop.createTimer()
  timer.close()
  expect(() => timer.set(1, 0, () => {})).toThrow(code('ERR_TIMER_LOOP_NULL'))
  loop[Symbol.dispose]()
  expect(() => loop.createTimer()).toThrow(code('ERR_TIMER_CREATION'))
  expect(() => loop.defer(() => {})).toThrow(code('ERR_LOOP_NOT_RUNNING'))
})
