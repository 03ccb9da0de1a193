import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { constants, deflateSync, zstdCompressSync } from 'node:zlib'
import type { Addr } from '@unisock/kernel'
import { describe, expect, test } from 'vitest'
import { isAlgorithmAvailable } from '../src/compression/index.ts'
import {
  type CompressionOption,
  DATAGRAM,
  DATAGRAM_BINARY,
  DATAGRAM_COMPRESSED,
  SO_BROADCAST,
  SO_COMPRESSION,
  SO_MULTICAST,
  SO_RCVBUF,
  SO_REUSEADDR,
} from '../src/index.ts'
import { Inbox, ISOLATIONS, netKernel, until } from './support/kernel.ts'

const zstd = isAlgorithmAvailable('zstd')

interface Received {
  data: unknown
  from: Addr
}

describe.each(ISOLATIONS)('datagrams over %s', isolation => {
  test('go both ways, with their sender, and an empty one is one', async () => {
    await using kernel = await netKernel(isolation)
    const server = kernel.create(DATAGRAM, (fd, data, from) => {
      kernel.write(fd, { data: `got ${data}`, host: from.address, port: from.port })
    })
    const { port } = await kernel.bind(server, 0)
    const inbox = new Inbox<Received>()
    const client = kernel.create(DATAGRAM, (_fd, data, from) => inbox.put({ data, from }))
    expect(kernel.write(client, { data: 'test test', port })).toBe(true)
    expect(await inbox.next()).toEqual({
      data: 'got test test',
      from: { address: '127.0.0.1', port, family: 'IPv4' },
    })
    kernel.write(client, { data: '', port })
    expect((await inbox.next()).data).toBe('got ')
  })

  test('a connected socket writes without an address and hears its peer only', async () => {
    await using kernel = await netKernel(isolation)
    const echo = kernel.create(DATAGRAM_BINARY, (fd, data, { address, port }) => {
      kernel.write(fd, { data, host: address, port })
    })
    const { port } = await kernel.bind(echo, 0)
    const inbox = new Inbox<unknown>()
    const client = kernel.create(DATAGRAM_BINARY, (_fd, data) => inbox.put(data))
    expect(await kernel.connect(client, port)).toEqual({ address: '127.0.0.1', port, family: 'IPv4' })
    kernel.write(client, Buffer.from([1, 2, 255]))
    expect(await inbox.next()).toEqual(Buffer.from([1, 2, 255]))
  })

  test('IPv6, where the machine has it', async ({ skip }) => {
    if (!networkInterfaces().lo?.some(({ family }) => family === 'IPv6')) skip('no IPv6 loopback address')
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<Received>()
    const server = kernel.create(DATAGRAM, (_fd, data, from) => inbox.put({ data, from }))
    const { port } = await kernel.bind(server, { host: '::1', port: 0 })
    const client = kernel.create(DATAGRAM, {})
    kernel.write(client, { data: 'six', host: '::1', port })
    expect(await inbox.next()).toMatchObject({ data: 'six', from: { address: '::1', family: 'IPv6' } })
  })

  test('compressed: each by itself, small ones stored, with a dictionary and without', async () => {
    await using kernel = await netKernel(isolation)
    for (const settings of [{}, { dictionary: 'the quick brown fox ' }, { raw: true }]) {
      const inbox = new Inbox<unknown>()
      const server = kernel.create(DATAGRAM_COMPRESSED, (_fd, data) => inbox.put(data))
      await kernel.setOption(server, SO_COMPRESSION, settings)
      const { port } = await kernel.bind(server, 0)
      const client = kernel.create(DATAGRAM_COMPRESSED, {})
      await kernel.setOption(client, SO_COMPRESSION, settings)
      for (const text of ['x', 'the quick brown fox '.repeat(200), '']) {
        kernel.write(client, { data: text, port })
        expect(String(await inbox.next())).toBe(text)
      }
    }
  })

  test('what cannot be sent is told: no address, a bad one, too large', async () => {
    await using kernel = await netKernel(isolation)
    const errors = new Inbox<Error>()
    const client = kernel.create(DATAGRAM, { error: (_fd, error) => errors.put(error) })
    kernel.write(client, 'to whom?')
    expect(await errors.next()).toMatchObject({ code: 'ENOADDR' })
    await kernel.bind(client, 0)
    kernel.write(client, 'and to whom now?')
    expect(await errors.next()).toMatchObject({ code: 'ENOADDR' })
    kernel.write(client, { data: Buffer.alloc(70_000), port: 9 })
    expect(await errors.next()).toMatchObject({ code: 'EMSGSIZE', errno: -27, op: 'write' })
    expect(() => kernel.write(client, { data: 'x', port: 0 })).toThrow(
      expect.objectContaining({ code: 'EBADADDR' }),
    )
    expect(() => kernel.write(client, { data: 7 as never, port: 9 })).toThrow(
      expect.objectContaining({ code: 'ETYPENOTSUPP' }),
    )
    kernel.write(client, { data: 'x', host: 'no.such.host.invalid', port: 9 })
    expect(await errors.next()).toMatchObject({ code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/) })
    await expect(kernel.listen(kernel.create(DATAGRAM, { error() {} }))).rejects.toMatchObject({
      code: 'ENOTSUP',
    })
    await expect(kernel.bind(kernel.create(DATAGRAM, { error() {} }), { path: '/x' })).rejects.toMatchObject({
      code: 'ENOTSUP',
    })
  })

  test.each<[string, CompressionOption, string]>([
    ['a level of zstd with zlib', { level: 22 }, 'EINVAL'],
    ['a window of zstd with zlib', { windowBits: 20 }, 'EINVAL'],
    ['a window of zlib with zstd', { algorithm: 'zstd', windowBits: 9 }, zstd ? 'EINVAL' : 'ENOTSUP'],
  ])('compressed: %s is refused by bind, connect and the first write', async (_name, settings, code) => {
    await using kernel = await netKernel(isolation)
    const refused = { code, message: expect.stringMatching(/^SO_COMPRESSION \(19\): /) }
    const errors = new Inbox<Error>()
    const inbox = new Inbox<unknown>()
    const make = async () => {
      const fd = kernel.create(DATAGRAM_COMPRESSED, {
        message: (_fd, data) => inbox.put(data),
        error: (_fd, error) => errors.put(error),
      })
      await kernel.setOption(fd, SO_COMPRESSION, settings)
      return fd
    }
    const server = await make()
    await expect(kernel.bind(server, 0)).rejects.toMatchObject(refused)
    await expect(kernel.connect(await make(), 9)).rejects.toMatchObject(refused)
    const client = await make()
    kernel.write(client, { data: 'x', port: 9 })
    expect(await errors.next()).toMatchObject({ ...refused, op: 'write' })
    await kernel.setOption(server, SO_COMPRESSION, {})
    await kernel.setOption(client, SO_COMPRESSION, {})
    const { port } = await kernel.bind(server, 0)
    kernel.write(client, { data: 'now it goes', port })
    expect(String(await inbox.next())).toBe('now it goes')
    expect(kernel.metrics().workers.net!.restarts).toBe(0)
  })

  test('a bind that failed can be tried again, whatever it failed at', async () => {
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<unknown>()
    const fd = kernel.create(DATAGRAM, { message: (_fd, data) => inbox.put(data), error() {} })
    const taken = kernel.create(DATAGRAM, {})
    const { port } = await kernel.bind(taken, 0)
    await expect(kernel.bind(fd, port)).rejects.toMatchObject({ code: 'EADDRINUSE', errno: -9, op: 'bind' })
    await expect(kernel.bind(fd, { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      errno: -10,
      op: 'bind',
    })
    await kernel.close(taken)
    await kernel.setOption(fd, SO_MULTICAST, { join: [{ group: '10.0.0.1' }] })
    await expect(kernel.bind(fd, port)).rejects.toMatchObject({ code: 'EBADADDR', op: 'bind' })
    await kernel.setOption(fd, SO_MULTICAST, { join: [{ group: '239.255.7.9', interface: '192.0.2.1' }] })
    await expect(kernel.bind(fd, port)).rejects.toMatchObject({ op: 'bind' })
    await kernel.setOption(fd, SO_MULTICAST, { join: [{ group: '239.255.7.9', interface: '127.0.0.1' }] })
    expect(await kernel.bind(fd, { host: '0.0.0.0', port })).toMatchObject({ port })
    const sender = kernel.create(DATAGRAM, {})
    await kernel.setOption(sender, SO_MULTICAST, { interface: '127.0.0.1' })
    kernel.write(sender, { data: 'to the group', host: '239.255.7.9', port })
    expect(await inbox.next()).toBe('to the group')
  })

  test('a restarted worker binds the same port again, and connects again', async ({ skip }) => {
    if (isolation !== 'process') skip('only a process can be killed from outside')
    await using kernel = await netKernel(isolation)
    const inbox = new Inbox<unknown>()
    const server = kernel.create(DATAGRAM, (_fd, data) => inbox.put(data))
    const { port } = await kernel.bind(server, 0)
    const client = kernel.create(DATAGRAM, {})
    await kernel.connect(client, port)
    const { workers } = await kernel.inspect()
    process.kill(workers[0]!.inside!.pid, 'SIGKILL')
    await until(
      () => kernel.metrics().workers.net!.restarts === 1 && kernel.metrics().workers.net!.state === 'running',
    )
    await kernel.setOption(server, SO_BROADCAST, true)
    await kernel.setOption(client, SO_BROADCAST, true)
    kernel.write(client, 'after')
    expect(await inbox.next()).toBe('after')
  })
})

test.runIf(zstd)('zstd honours level and windowBits, and refuses a larger window', async () => {
  await using kernel = await netKernel()
  const text = randomBytes(20000).toString('hex')
  const data = text + text
  const packed = async (settings: CompressionOption): Promise<Buffer> => {
    const inbox = new Inbox<Buffer>()
    const reader = kernel.create(DATAGRAM_BINARY, (_fd, bytes) => inbox.put(bytes))
    const { port } = await kernel.bind(reader, 0)
    const writer = kernel.create(DATAGRAM_COMPRESSED, {})
    await kernel.setOption(writer, SO_COMPRESSION, { algorithm: 'zstd', raw: true, ...settings })
    kernel.write(writer, { data, port })
    return inbox.next()
  }
  const params = (level: number, windowLog: number) => ({
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: windowLog },
  })
  const [small, large] = [
    await packed({ level: 1, windowBits: 10 }),
    await packed({ level: 19, windowBits: 17 }),
  ]
  expect(small).toEqual(zstdCompressSync(data, params(1, 10)))
  expect(large).toEqual(zstdCompressSync(data, params(19, 17)))
  expect(small.length).toBeGreaterThan(large.length + 2000)

  const inbox = new Inbox<unknown>()
  const errors = new Inbox<Error>()
  const strict = kernel.create(DATAGRAM_COMPRESSED, {
    message: (_fd, bytes) => inbox.put(String(bytes)),
    error: (_fd, error) => errors.put(error),
  })
  await kernel.setOption(strict, SO_COMPRESSION, { algorithm: 'zstd', raw: true, windowBits: 10 })
  const { port } = await kernel.bind(strict, 0)
  const peer = kernel.create(DATAGRAM_BINARY, {})
  kernel.write(peer, { data: large, port })
  expect(await errors.next()).toMatchObject({ code: expect.stringMatching(/^ZSTD_error_/) })
  kernel.write(peer, { data: small, port })
  expect(await inbox.next()).toBe(data)
})

test('text that is none comes as a Buffer', async () => {
  await using kernel = await netKernel()
  const inbox = new Inbox<unknown>()
  const server = kernel.create(DATAGRAM, (_fd, data) => inbox.put(data))
  const { port } = await kernel.bind(server, 0)
  const client = kernel.create(DATAGRAM_BINARY, {})
  kernel.write(client, { data: Buffer.from([0xff, 0xfe]), port })
  expect(await inbox.next()).toEqual(Buffer.from([0xff, 0xfe]))
})

test('a compressed datagram that is broken, or a bomb, is an error and no end', async () => {
  await using kernel = await netKernel()
  const inbox = new Inbox<unknown>()
  const errors = new Inbox<Error>()
  const server = kernel.create(DATAGRAM_COMPRESSED, {
    message: (_fd, data) => inbox.put(data),
    error: (_fd, error) => errors.put(error),
  })
  await kernel.setOption(server, SO_COMPRESSION, { maxOutput: 65_536 })
  const { port } = await kernel.bind(server, 0)
  const socket = createSocket('udp4')
  const send = (bytes: Buffer): void => socket.send(bytes, port, '127.0.0.1')
  send(Buffer.alloc(0))
  expect(await errors.next()).toMatchObject({ code: 'EPROTO' })
  send(Buffer.from([1, 2, 3]))
  expect(await errors.next()).toMatchObject({ code: 'Z_DATA_ERROR' })
  send(Buffer.from([99]))
  expect(await errors.next()).toMatchObject({ code: 'EPROTO' })
  send(Buffer.concat([Buffer.from([1]), deflateSync(Buffer.alloc(10_000_000))]))
  expect(await errors.next()).toMatchObject({ code: 'ERR_BUFFER_TOO_LARGE' })
  send(Buffer.concat([Buffer.from([1]), deflateSync('fine')]))
  expect(String(await inbox.next())).toBe('fine')
  socket.close()
  await once(socket, 'close')
})

test('buffers, broadcast, shared ports and multicast', async () => {
  await using kernel = await netKernel()
  const inbox = new Inbox<unknown>()
  const first = kernel.create(DATAGRAM, (_fd, data) => inbox.put(data))
  await kernel.setOption(first, SO_REUSEADDR, true)
  await kernel.setOption(first, SO_RCVBUF, 65_536)
  await kernel.setOption(first, SO_MULTICAST, { join: [{ group: '239.255.7.7', interface: '127.0.0.1' }] })
  const { port } = await kernel.bind(first, { host: '0.0.0.0', port: 0 })
  expect(await kernel.query(first, SO_RCVBUF)).toBeGreaterThanOrEqual(65_536)
  const second = kernel.create(DATAGRAM, {})
  await kernel.setOption(second, SO_REUSEADDR, true)
  await kernel.bind(second, { host: '0.0.0.0', port })
  await kernel.close(second)
  const sender = kernel.create(DATAGRAM, { error: (_fd, error) => inbox.put(error) })
  await kernel.setOption(sender, SO_MULTICAST, { interface: '127.0.0.1', loopback: true, ttl: 1 })
  kernel.write(sender, { data: 'to the group', host: '239.255.7.7', port })
  expect(await inbox.next()).toBe('to the group')
  await kernel.setOption(first, SO_MULTICAST, { join: [] })
  await expect(
    kernel.setOption(first, SO_MULTICAST, { join: [{ group: '10.0.0.1' }] }),
  ).rejects.toMatchObject({ name: 'SocketError' })
  await kernel.setOption(sender, SO_BROADCAST, true)
  kernel.write(sender, { data: 'broadcast', host: '127.255.255.255', port })
  expect(await inbox.next()).toBe('broadcast')
})

test('datagrams beyond the credit are dropped and counted', async () => {
  await using kernel = await netKernel()
  const server = kernel.create(DATAGRAM_BINARY, {})
  const { port } = await kernel.bind(server, 0)
  kernel.pause(server)
  const socket = createSocket('udp4')
  const payload = Buffer.alloc(32 * 1024)
  while (kernel.status(server)!.drops === 0)
    await new Promise<void>(resolve => socket.send(payload, port, '127.0.0.1', () => setImmediate(resolve)))
  socket.close()
  await once(socket, 'close')
})
