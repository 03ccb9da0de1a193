import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { constants, createDeflate, createInflate, deflateSync } from 'node:zlib'
import type { Fd } from '@unisock/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAlgorithmAvailable } from '../src/compression/index.ts'
import {
  type CompressionOption,
  DATAGRAM_COMPRESSED,
  SO_COMPRESSION,
  STREAM_COMPRESSED,
} from '../src/index.ts'
import { dialling, Inbox, ISOLATIONS, netKernel, plainPeer, serving, until } from './support/kernel.ts'

describe.each(ISOLATIONS)('compressed streams over %s', isolation => {
  test.each<[string, CompressionOption]>([
    ['zlib', {}],
    ['zlib with a small window', { windowBits: 12, memLevel: 5, level: 9 }],
    ['zlib with a dictionary', { dictionary: 'the common words' }],
    ['zstd', { algorithm: 'zstd' }],
  ])('%s: both ways, each write readable at once', async (_name, settings) => {
    if (settings.algorithm === 'zstd' && !isAlgorithmAvailable('zstd')) return
    await using kernel = await netKernel(isolation)
    const { addr } = await serving(
      kernel,
      STREAM_COMPRESSED,
      { message: (fd, data) => void kernel.write(fd, data) },
      [[SO_COMPRESSION, settings]],
    )
    const inbox = new Inbox<Buffer>()
    const client = await dialling(
      kernel,
      STREAM_COMPRESSED,
      addr,
      { message: (_fd, data) => inbox.put(data) },
      [[SO_COMPRESSION, settings]],
    )
    for (const line of ['one', 'two of the common words', 'drei €']) {
      kernel.write(client, line)
      expect(String(await inbox.next())).toBe(line)
    }
  })

  test('large data arrives whole, with back-pressure on the way', async () => {
    await using kernel = await netKernel(isolation)
    const sent = Buffer.concat([randomBytes(1_500_000), Buffer.alloc(1_500_000, 'text ')])
    const got: Buffer[] = []
    const ended = Promise.withResolvers<void>()
    const { addr } = await serving(kernel, STREAM_COMPRESSED, {
      message: async (_fd, data) => {
        await new Promise(resolve => setImmediate(resolve))
        got.push(data)
      },
      end: () => ended.resolve(),
    })
    const client = await dialling(kernel, STREAM_COMPRESSED, addr, {})
    for (let at = 0; at < sent.length; at += 100_000) kernel.write(client, sent.subarray(at, at + 100_000))
    kernel.end(client)
    await ended.promise
    await until(() => got.reduce((bytes, chunk) => bytes + chunk.length, 0) >= sent.length)
    expect(Buffer.concat(got).equals(sent)).toBe(true)
  })

  test('a bomb ends the connection with EPROTO', async () => {
    await using kernel = await netKernel(isolation)
    const closed = Promise.withResolvers<Error | undefined>()
    let bytes = 0
    const { addr } = await serving(
      kernel,
      STREAM_COMPRESSED,
      { message: (_fd, data) => void (bytes += data.length), close: (_fd, error) => closed.resolve(error) },
      [[SO_COMPRESSION, { maxOutput: 4 * 1024 * 1024 }]],
    )
    await using peer = await plainPeer(addr)
    peer.socket.write(deflateSync(Buffer.alloc(50_000_000)))
    expect(await closed.promise).toMatchObject({ code: 'EPROTO' })
    expect(bytes).toBeLessThanOrEqual(4 * 1024 * 1024 + 65_536)
  })
})

test('any zlib peer is understood, and understands', async () => {
  await using kernel = await netKernel()
  const { addr } = await serving(kernel, STREAM_COMPRESSED, {
    message: (fd, data) => void kernel.write(fd, data),
  })
  const socket = connect(addr.port, '127.0.0.1')
  const deflate = createDeflate({ flush: constants.Z_SYNC_FLUSH })
  const inflate = createInflate({ finishFlush: constants.Z_SYNC_FLUSH })
  deflate.pipe(socket)
  socket.pipe(inflate)
  const inbox = new Inbox<Buffer>()
  inflate.on('data', inbox.put)
  deflate.write('hello ')
  expect(String(await inbox.next())).toBe('hello ')
  deflate.end('world')
  expect(String(await inbox.next())).toBe('world')
  socket.destroy()
})

test('garbage, and bytes behind the end of the stream, are EPROTO', async () => {
  await using kernel = await netKernel()
  const closes = new Inbox<Error>()
  const { addr } = await serving(kernel, STREAM_COMPRESSED, {
    close: (_fd, error) => closes.put(error ?? new Error('none')),
  })
  for (const bytes of [
    Buffer.from('no zlib at all'),
    Buffer.concat([deflateSync('fine'), Buffer.from('tail')]),
  ]) {
    await using peer = await plainPeer(addr)
    peer.socket.write(bytes)
    expect(await closes.next()).toMatchObject({ code: 'EPROTO' })
  }
})

test('a stream that is cut off ends the fd like any other', async () => {
  await using kernel = await netKernel()
  const ended = Promise.withResolvers<Fd<any>>()
  const got: Buffer[] = []
  const { addr } = await serving(kernel, STREAM_COMPRESSED, {
    message: (_fd, data) => void got.push(data),
    end: fd => ended.resolve(fd),
  })
  await using peer = await plainPeer(addr)
  const whole = deflateSync('x'.repeat(10_000), { finishFlush: constants.Z_SYNC_FLUSH })
  peer.socket.end(whole.subarray(0, whole.length - 2))
  await ended.promise
  expect(Buffer.concat(got).length).toBeLessThanOrEqual(10_000)
})

test('settings this Node does not take are refused at bind and connect', async () => {
  await using kernel = await netKernel()
  const fd = kernel.create(STREAM_COMPRESSED, { error() {} })
  await kernel.setOption(fd, SO_COMPRESSION, { level: 22 })
  await expect(kernel.bind(fd, 0)).rejects.toMatchObject({
    code: 'EINVAL',
    message: expect.stringContaining('SO_COMPRESSION (19)'),
  })
  await expect(kernel.setOption(fd, SO_COMPRESSION, { dictionary: 7 as never })).rejects.toMatchObject({
    code: 'EINVAL',
  })
  await expect(kernel.setOption(fd, SO_COMPRESSION, { algoritm: 'zlib' } as never)).rejects.toMatchObject({
    code: 'EINVAL',
  })
})

test('whatever SO_COMPRESSION takes is refused by bind, or carries data', async () => {
  await using kernel = await netKernel()
  const corrupt = Buffer.from('37a430ec0102030405060708090a0b0c', 'hex')
  const settings = fc.record(
    {
      algorithm: fc.constantFrom('zlib', 'zstd'),
      level: fc.integer({ min: 0, max: 22 }),
      windowBits: fc.integer({ min: 9, max: 27 }),
      memLevel: fc.integer({ min: 1, max: 9 }),
      dictionary: fc.oneof(fc.string(), fc.uint8Array(), fc.constant(corrupt)),
      raw: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never
  await fc.assert(
    fc.asyncProperty(settings, fc.boolean(), async (value, isStream) => {
      const mode = isStream ? STREAM_COMPRESSED : DATAGRAM_COMPRESSED
      const heard = new Inbox<unknown>()
      const create = (): Fd<any> => {
        const fd = kernel.create<any>(mode, {
          message: (_fd: unknown, data: unknown) => heard.put(String(data)),
          error: (_fd: unknown, error: Error) => heard.put(error),
          close: (_fd: unknown, error?: Error) => error && heard.put(error),
        })
        void kernel.setOption(fd, SO_COMPRESSION, value as never)
        return fd
      }
      const [server, client] = [create(), create()]
      const bound = await kernel.bind(server, 0).catch(error => error)
      if (bound instanceof Error)
        expect(bound).toMatchObject({ code: expect.stringMatching(/^(EINVAL|ENOTSUP)$/) })
      else {
        if (isStream) await kernel.listen(server)
        await kernel.connect(client, bound.port)
        kernel.write(client, 'a text that a text follows')
        expect(await heard.next()).toBe('a text that a text follows')
      }
      await Promise.all([kernel.close(client), kernel.close(server)])
    }),
    {
      numRuns: 60,
      examples: [20, 21, 22].map((level): [Settings, boolean] => [{ algorithm: 'zstd', level }, true]),
    },
  )
  expect(kernel.metrics().workers.net!.restarts).toBe(0)
})
