/** Mode 35: one ordered stream of bytes in each direction. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable, Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import {
  type ConnectTarget,
  type Kernel,
  SO_HALF_OPEN,
  SO_READ_WINDOW,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_PRIVATE_KEY,
} from '@unisock/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Authority } from '../../../test/support/certificates.ts'
import {
  WEBSOCKET_BINARY_STREAM,
  WS_COMPRESSION,
  WS_PROTOCOL,
  WS_RECONNECT,
  WS_SUBPROTOCOL,
} from '../src/index.ts'
import { accepting, connected } from './support/ends.ts'
import { Inbox, ISOLATIONS, type OptionRow, peer, refusedWith, wsKernel } from './support/kernel.ts'
import { BINARY, frame, RawPeer, TEXT } from './support/raw.ts'

const mode = WEBSOCKET_BINARY_STREAM
const PROTOCOL = 'unisock.stream.v1'
const OFFER = { 'Sec-WebSocket-Protocol': PROTOCOL }

/** What one end of a stream gets. */
class End {
  readonly chunks: Buffer[] = []
  readonly ended = Promise.withResolvers<void>()
  readonly closed = Promise.withResolvers<Error | undefined>()
  fd: any
  size = 0

  readonly handlers = {
    message: (_fd: unknown, chunk: Buffer) => {
      this.chunks.push(chunk)
      this.size += chunk.length
    },
    end: () => this.ended.resolve(),
    close: (_fd: unknown, error?: Error) => this.closed.resolve(error),
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }
}

const listening = (kernel: Kernel, options: readonly OptionRow[] = []) =>
  accepting(kernel, mode, () => new End(), [[SO_HALF_OPEN, true], ...options])

const dialled = (kernel: Kernel, to: ConnectTarget, options: readonly OptionRow[] = []): Promise<End> =>
  connected(kernel, mode, new End(), to, [[SO_HALF_OPEN, true], ...options])

async function pair(kernel: Kernel, options: readonly OptionRow[] = []): Promise<[End, End]> {
  const { port, opened } = await listening(kernel, options)
  const client = await dialled(kernel, { host: '127.0.0.1', port }, options)
  return [client, await opened.next()]
}

describe.each(ISOLATIONS)('over %s', isolation => {
  test('bytes arrive in order both ways, whatever they were written in, and each side ends for itself', async () => {
    await using kernel = await wsKernel(isolation)
    const [client, server] = await pair(kernel)
    expect(await kernel.query(client.fd, WS_SUBPROTOCOL)).toBe(PROTOCOL)
    const long = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    for (const part of ['text, ', Buffer.alloc(0), Buffer.from('bytes, '), long])
      kernel.write(client.fd, part)
    kernel.end(client.fd)
    await server.ended.promise
    expect(server.bytes).toEqual(Buffer.concat([Buffer.from('text, bytes, '), long]))
    expect(server.chunks.every(chunk => Buffer.isBuffer(chunk) && chunk.length <= 65_536)).toBe(true)

    kernel.write(server.fd, 'the other half')
    kernel.end(server.fd)
    await client.ended.promise
    expect(String(client.bytes)).toBe('the other half')
    expect(await client.closed.promise).toBeUndefined()
    expect(await server.closed.promise).toBeUndefined()
  })

  test('a reader that takes nothing holds the writer back, and then gets everything', async () => {
    await using kernel = await wsKernel(isolation)
    const [client, server] = await pair(kernel, [[SO_READ_WINDOW, 64 * 1024]])
    const chunk = Buffer.alloc(64 * 1024, 'chunk of bytes')
    kernel.pause(server.fd)
    let sent = 0
    const drained = new Inbox<void>()
    kernel.attach(client.fd, { ...client.handlers, drain: () => drained.put() })
    while (kernel.write(client.fd, chunk)) {
      sent++
      await new Promise(resolve => setImmediate(resolve))
    }
    sent++
    expect(server.size).toBe(0)
    kernel.resume(server.fd)
    await drained.next()
    kernel.end(client.fd)
    await server.ended.promise
    expect(server.size).toBe(sent * chunk.length)
  })

  test('a connection that is cut is an error at both ends, a closed one is an end', async () => {
    await using kernel = await wsKernel(isolation)
    const [client, server] = await pair(kernel)
    await kernel.close(client.fd, { abort: true })
    expect(await server.closed.promise).toMatchObject({ code: 'ECONNRESET' })

    const [second, other] = await pair(kernel)
    kernel.write(second.fd, 'last words')
    await kernel.close(second.fd)
    await other.ended.promise
    expect(String(other.bytes)).toBe('last words')
    expect(await other.closed.promise).toBeUndefined()
  })
})

test('without SO_HALF_OPEN the end of the peer is the end of both', async () => {
  await using kernel = await wsKernel()
  const [client, server] = await pair(kernel, [[SO_HALF_OPEN, false]])
  kernel.write(client.fd, 'all')
  kernel.end(client.fd)
  await Promise.all([server.ended.promise, server.closed.promise, client.closed.promise])
  expect(String(server.bytes)).toBe('all')
  expect(await client.closed.promise).toBeUndefined()
})

test('over TLS, and compressed', async () => {
  using authority = new Authority()
  const { certificate, privateKey } = authority.issue('localhost')
  await using kernel = await wsKernel()
  const { port, opened } = await listening(kernel, [
    [TLS_CERTIFICATE, certificate],
    [TLS_PRIVATE_KEY, privateKey],
    [WS_COMPRESSION, true],
  ])
  const client = await dialled(kernel, `wss://localhost:${port}/`, [
    [TLS_CA, authority.certificate],
    [WS_COMPRESSION, true],
  ])
  const server = await opened.next()
  expect(await kernel.query(client.fd, WS_COMPRESSION)).toBe(true)
  kernel.write(client.fd, 'again and '.repeat(10_000))
  kernel.end(client.fd)
  await server.ended.promise
  expect(String(server.bytes)).toBe('again and '.repeat(10_000))
})

test('who does not offer the subprotocol is refused', async () => {
  await using kernel = await wsKernel()
  const { port } = await listening(kernel)
  expect((await refusedWith(`ws://127.0.0.1:${port}`)).status).toBe(400)
  expect((await refusedWith(`ws://127.0.0.1:${port}`, ['other'])).status).toBe(400)
})

test('a program behind another library speaks it by its description', async () => {
  await using kernel = await wsKernel()
  const { port, opened } = await listening(kernel)
  await using other = await peer(`ws://127.0.0.1:${port}`, [PROTOCOL])
  const server = await opened.next()
  other.socket.send(Buffer.from('a'))
  other.socket.send(Buffer.alloc(0))
  other.socket.send(Buffer.from('b'))
  other.socket.send('end')
  await server.ended.promise
  expect(String(server.bytes)).toBe('ab')
  kernel.write(server.fd, 'c')
  kernel.end(server.fd)
  expect([await other.inbox.next(), await other.inbox.next()]).toEqual([Buffer.from('c'), 'end'])
  expect((await other.closed).code).toBe(1000)
})

test.each<[string, Buffer[]]>([
  ['text that is not the end', [frame(TEXT, 'End')]],
  ['bytes behind the end', [frame(TEXT, 'end'), frame(BINARY, 'x')]],
  ['a second end', [frame(TEXT, 'end'), frame(TEXT, 'end')]],
])('%s breaks the protocol', async (_title, frames) => {
  await using kernel = await wsKernel()
  const { port, opened } = await listening(kernel)
  using raw = await RawPeer.open(port, OFFER)
  const server = await opened.next()
  raw.send(Buffer.concat(frames))
  expect(await raw.closeCode()).toBe(1002)
  raw[Symbol.dispose]()
  expect(await server.closed.promise).toMatchObject({ code: 'EPROTO' })
})

test('a close without an end has cut the stream short, whatever its code', async () => {
  await using kernel = await wsKernel()
  const { port, opened } = await listening(kernel)
  await using other = await peer(`ws://127.0.0.1:${port}`, [PROTOCOL])
  const server = await opened.next()
  other.socket.send(Buffer.from('half'))
  other.socket.close(1000)
  expect(await server.closed.promise).toMatchObject({ code: 'ECONNRESET' })
})

test('nothing is written behind the end, and nothing but bytes and text at all', async () => {
  await using kernel = await wsKernel()
  const [client] = await pair(kernel)
  expect(() => kernel.write(client.fd, { data: 'x' } as never)).toThrow(
    expect.objectContaining({ code: 'ETYPENOTSUPP' }),
  )
  kernel.end(client.fd)
  kernel.write(client.fd, 'late')
  expect(await client.closed.promise).toMatchObject({ code: 'EPIPE' })
})

test('a stream is neither another subprotocol nor joined together again', async () => {
  await using kernel = await wsKernel()
  const fd = kernel.create(mode, {})
  for (const option of [WS_PROTOCOL, WS_RECONNECT])
    await expect(kernel.setOption(fd, option as never, true as never)).rejects.toMatchObject({
      code: 'ENOPROTOOPT',
    })
})

test('any bytes cut into any pieces come out the same', async () => {
  await using kernel = await wsKernel()
  const { port, opened } = await listening(kernel)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 30 }), async pieces => {
      const client = await dialled(kernel, { host: '127.0.0.1', port })
      const server = await opened.next()
      for (const piece of pieces) kernel.write(client.fd, piece)
      kernel.end(client.fd)
      kernel.end(server.fd)
      await server.ended.promise
      expect(server.bytes).toEqual(Buffer.concat(pieces))
      await client.closed.promise
    }),
    { numRuns: 30 },
  )
})

describe.each(ISOLATIONS)('as a stream of Node over %s', isolation => {
  test('bytes go through both ends, under back-pressure, to an end in either direction', async () => {
    await using kernel = await wsKernel(isolation)
    const listener = kernel.socket(mode)
    await listener.setOption(SO_HALF_OPEN, true)
    const { port } = await listener.bind({ host: '127.0.0.1', port: 0 })
    await listener.listen()
    const client = kernel.socket(mode)
    await client.setOption(SO_HALF_OPEN, true)
    await client.connect({ host: '127.0.0.1', port })
    const { value: accepted } = await listener[Symbol.asyncIterator]().next()
    const bytes = randomBytes(3 << 20)
    const server = (accepted as typeof client).asDuplex()
    const stream = client.asDuplex()
    const [there, back] = await Promise.all([
      buffer(stream),
      pipeline(server, new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) }), server),
      pipeline(Readable.from([bytes.subarray(0, 10), bytes.subarray(10)]), stream, { end: true }),
    ]).then(([echoed]) => [echoed, bytes] as const)
    expect(there.equals(back)).toBe(true)
    await Promise.all([client.closed, (accepted as typeof client).closed])
  })

  test('destroying one closes the fd, and the other stream ends', async () => {
    await using kernel = await wsKernel(isolation)
    const listener = kernel.socket(mode)
    const { port } = await listener.bind({ host: '127.0.0.1', port: 0 })
    await listener.listen()
    const client = kernel.socket(mode)
    await client.connect({ host: '127.0.0.1', port })
    const { value: accepted } = await listener[Symbol.asyncIterator]().next()
    const server = (accepted as typeof client).asDuplex()
    const failed = once(server, 'error')
    client
      .asDuplex()
      .on('error', () => {})
      .destroy(new Error('enough'))
    await expect(failed).resolves.toMatchObject([{ code: 'ECONNRESET' }])
    await expect((accepted as typeof client).closed).rejects.toThrow()
    expect(() => listener.asDuplex()).toThrow('a listener has no bytes')
  })
})
