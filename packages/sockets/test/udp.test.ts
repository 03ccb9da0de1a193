import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { InetAddr, ip } from '../src/address/index.ts'
import { HostResolver } from '../src/dns/index.ts'
import type { SocketsError } from '../src/errors.ts'
import { UdpPacketBuffer, UdpSocket, type UdpSocketOptions } from '../src/udp/index.ts'

const LOOPBACK = '127.0.0.1'

const bound = (options: UdpSocketOptions = {}, host = LOOPBACK): Promise<UdpSocket> =>
  UdpSocket.create({ ...options, host, port: 0 })

/** Nobody listens there: it was given back just now. */
async function unusedPort(): Promise<number> {
  await using socket = await bound()
  return socket.getSockName().port
}

describe('UdpSocket, as promises', () => {
  it.each([LOOPBACK, '::1'])('carries datagrams over %s', async host => {
    await using a = await bound({}, host)
    await using b = await bound({}, host)
    await a.send('hello', b.getSockName())
    const { data, from } = await b.recvFrom()
    expect(String(data)).toBe('hello')
    expect(from.equals(a.getSockName())).toBe(true)
    await b.send(Buffer.from('hi'), from)
    expect(String(await a.recv())).toBe('hi')
  })

  it('takes an empty datagram for a datagram, both ways', async () => {
    await using a = await bound()
    await using b = await bound()
    await a.send('', b.getSockName())
    const { data, from } = await b.recvFrom()
    expect(data.length).toBe(0)
    await b.connect(from)
    await b.send(new Uint8Array(0))
    await b.send('more')
    expect((await a.recv()).length).toBe(0)
    expect(String(await a.recv())).toBe('more')
  })

  it('keeps datagrams as they were sent, of any length that fits', async () => {
    await using a = await bound()
    await using b = await bound()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60_000 }), async bytes => {
        await a.send(bytes, b.getSockName())
        expect(Buffer.compare(await b.recv(), bytes)).toBe(0)
      }),
      { numRuns: 30 },
    )
  })

  it('binds itself to send', async () => {
    await using a = new UdpSocket()
    await using b = await bound()
    await a.send('x', { host: LOOPBACK, port: b.getSockName().port })
    const { from } = await b.recvFrom()
    expect(from.port).toBe(a.getSockName().port)
  })

  it('resolves names by its cache', async () => {
    const asked: string[] = []
    const resolver = new HostResolver({
      backend: async host => {
        asked.push(host)
        return { addresses: [ip`127.0.0.1`] }
      },
    })
    await using a = await bound({ resolver })
    await using b = await bound()
    for (const text of ['1', '2']) {
      await a.send(text, { host: 'game.test', port: b.getSockName().port })
      expect(String(await b.recv())).toBe(text)
    }
    expect(asked).toEqual(['game.test'])
    await expect(a.send('x', { host: 'a b', port: 1 })).rejects.toMatchObject({ code: 'ERR_INVALID_HOST' })
  })

  it('reaches IPv4 peers from an IPv6 socket, and says why not the other way', async () => {
    await using dual = await bound({ family: 6 }, '::')
    await using four = await bound()
    await dual.send('x', four.getSockName())
    const { from } = await four.recvFrom()
    expect(String(from.host)).toBe(LOOPBACK)
    await four.send('y', from)
    expect(String((await dual.recvFrom()).from.host)).toBe('::ffff:127.0.0.1')
    await expect(four.send('x', InetAddr.parse('[::1]:9'))).rejects.toMatchObject({ code: 'EAFNOSUPPORT' })
    await four.send('z', new InetAddr('::ffff:127.0.0.1', dual.getSockName().port))
    expect(String(await dual.recv())).toBe('z')
  })

  it('sends to and receives from its peer only while connected', async () => {
    await using a = await bound()
    await using b = await bound()
    await using stranger = await bound()
    await a.connect(b.getSockName())
    expect(a.getPeerName().equals(b.getSockName())).toBe(true)
    await stranger.send('from a stranger', a.getSockName())
    await b.send('from the peer', a.getSockName())
    expect(String(await a.recv())).toBe('from the peer')
    await expect(a.send('x', b.getSockName())).rejects.toMatchObject({ code: 'EISCONN' })
    await a.connect(stranger.getSockName())
    await a.send('to another')
    expect(String(await stranger.recv())).toBe('to another')
    a.disconnect()
    expect(() => a.getPeerName()).toThrow(expect.objectContaining({ code: 'ERR_NOT_CONNECTED' }))
    expect(() => a.disconnect()).toThrow(expect.objectContaining({ code: 'ERR_NOT_CONNECTED' }))
    await expect(a.send('x')).rejects.toMatchObject({ code: 'ERR_NOT_CONNECTED' })
    await a.send('to anyone', b.getSockName())
    expect(String(await b.recv())).toBe('to anyone')
  })

  it('refuses destinations that are none', async () => {
    await using a = await bound()
    await expect(a.send('x', { host: LOOPBACK, port: 0 })).rejects.toMatchObject({ code: 'ERR_INVALID_PORT' })
    await expect(a.send('x', { host: LOOPBACK, port: 65_536 })).rejects.toMatchObject({
      code: 'ERR_INVALID_PORT',
    })
    await expect(a.connect({ host: LOOPBACK, port: 0 })).rejects.toMatchObject({ code: 'ERR_INVALID_PORT' })
    await expect(a.send(5 as never, a.getSockName())).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  it("fails to send with the system's code", async () => {
    await using a = await bound()
    await using b = await bound()
    await expect(a.send(new Uint8Array(70_000), b.getSockName())).rejects.toMatchObject({
      name: 'SocketsError',
      code: 'EMSGSIZE',
      operation: 'send',
    })
    await a.send('still works', b.getSockName())
    expect(String(await b.recv())).toBe('still works')
  })

  it('ends iteration when it closes', async () => {
    const a = await bound()
    await using b = await bound()
    for (const text of ['1', '2', '3']) await b.send(text, a.getSockName())
    const seen: string[] = []
    for await (const { data } of a) if (seen.push(String(data)) === 3) void a.close()
    expect(seen).toEqual(['1', '2', '3'])
  })

  it('gives datagrams to readers in the order they asked', async () => {
    await using a = await bound()
    const reads = [a.recv(), a.recv(), a.recv()]
    for (const text of ['1', '2', '3']) await a.send(text, a.getSockName())
    expect((await Promise.all(reads)).map(String)).toEqual(['1', '2', '3'])
  })

  it('gives up reading by a signal, and loses no datagram by it', async () => {
    await using a = await bound()
    const abort = new AbortController()
    const read = a.recv({ signal: abort.signal })
    const next = a.recv()
    abort.abort(new Error('enough'))
    await expect(read).rejects.toThrow('enough')
    await expect(a.recvFrom({ signal: abort.signal })).rejects.toThrow('enough')
    await a.send('x', a.getSockName())
    expect(String(await next)).toBe('x')
  })
})

describe('UdpSocket.bind', () => {
  it('is false where the address is in use or not of this machine', async () => {
    await using a = await bound()
    await using b = new UdpSocket()
    expect(await b.bind({ host: LOOPBACK, port: a.getSockName().port })).toBe(false)
    expect(await b.bind({ host: '192.0.2.77', port: 0 })).toBe(false)
    expect(await b.bind({ host: LOOPBACK, port: 0 })).toBe(true)
    await b.send('x', a.getSockName())
    expect(String(await a.recv())).toBe('x')
  })

  it('throws what else is wrong', async () => {
    await using a = await bound()
    await expect(a.bind({ port: 0 })).rejects.toMatchObject({ code: 'ERR_ALREADY_BOUND' })
    await using b = new UdpSocket()
    await expect(b.bind({ port: 65_536 })).rejects.toMatchObject({ code: 'ERR_INVALID_PORT' })
    await expect(b.bind({ host: 'a b', port: 0 })).rejects.toMatchObject({ code: 'ERR_INVALID_HOST' })
    await expect(new UdpSocket({ family: 4 }).bind({ host: '::1', port: 0 })).rejects.toMatchObject({
      code: 'EAFNOSUPPORT',
    })
    await expect(UdpSocket.create({ host: LOOPBACK, port: a.getSockName().port })).rejects.toMatchObject({
      name: 'SocketsError',
      code: 'EADDRINUSE',
      operation: 'bind',
    })
  })

  it('takes names and addresses, and all addresses without either', async () => {
    await using named = new UdpSocket()
    expect(await named.bind({ host: 'localhost', port: 0 })).toBe(true)
    expect(named.getSockName().host.isLoopback).toBe(true)
    await using all = new UdpSocket()
    expect(await all.bind({ port: 0 })).toBe(true)
    expect(String(all.getSockName().host)).toBe('0.0.0.0')
    await using six = new UdpSocket({ family: 6 })
    expect(await six.bind({ port: 0, ipv6Only: true })).toBe(true)
    expect(String(six.getSockName().host)).toBe('::')
    await using four = await UdpSocket.create({ host: ip`127.0.0.1`, port: six.getSockName().port })
    expect(four.getSockName().port).toBe(six.getSockName().port)
  })

  it('shares a port where that is asked for', async () => {
    await using a = await UdpSocket.create({ host: LOOPBACK, port: 0, reuseAddress: true })
    await using b = new UdpSocket()
    expect(await b.bind({ host: LOOPBACK, port: a.getSockName().port, reuseAddress: true })).toBe(true)
  })

  it('binds once, however many sends wait for it', async () => {
    await using a = new UdpSocket()
    await using b = await bound()
    await Promise.all(['1', '2', '3'].map(text => a.send(text, b.getSockName())))
    const sources = [await b.recvFrom(), await b.recvFrom(), await b.recvFrom()].map(({ from }) => from.port)
    expect(new Set(sources).size).toBe(1)
  })
})

describe('A UdpSocket that nobody reads', () => {
  it('keeps a bounded number of datagrams and counts what it drops', async () => {
    await using a = await bound({ maxQueuePackets: 3 })
    await using b = await bound()
    for (let i = 0; i < 8; i++) await b.send(String(i), a.getSockName())
    await until(() => a.statistics.received === 8)
    expect(a.statistics).toMatchObject({ dropped: 5, queued: 3 })
    const kept = [await a.recv(), await a.recv(), await a.recv()].map(String)
    expect(kept).toEqual(['0', '1', '2'])
    await b.send('again', a.getSockName())
    expect(String(await a.recv())).toBe('again')
  })

  it('keeps a bounded number of bytes', async () => {
    await using a = await bound({ maxQueueBytes: 2500 })
    await using b = await bound()
    for (let i = 0; i < 4; i++) await b.send(Buffer.alloc(1000, i), a.getSockName())
    await until(() => a.statistics.received === 4)
    expect(a.statistics).toMatchObject({ dropped: 2, queued: 2 })
    expect(a.statistics.queuedBytes).toBeLessThanOrEqual(2500)
  })
})

describe('A connected UdpSocket whose peer is gone', () => {
  it('fails the read that waits', async () => {
    await using a = await bound()
    await a.connect({ host: LOOPBACK, port: await unusedPort() })
    const read = expect(a.recv()).rejects.toMatchObject({ name: 'SocketsError', code: 'ECONNREFUSED' })
    await a.send('x')
    await read
  })

  it('tells onError when no call waits', async () => {
    const { promise, resolve } = Promise.withResolvers<SocketsError>()
    await using a = await bound({ onError: resolve })
    await a.connect({ host: LOOPBACK, port: await unusedPort() })
    await a.send('x')
    expect((await promise).code).toBe('ECONNREFUSED')
  })

  it('fails the next read when there is no onError', async () => {
    await using a = await bound()
    await a.connect({ host: LOOPBACK, port: await unusedPort() })
    await a.send('x')
    await until(() => a.statistics.errors === 1)
    await expect(a.recv()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('A UdpSocket that is closed or not bound', () => {
  it('fails every call with a typed error', async () => {
    const a = await bound()
    const read = expect(a.recv()).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
    await Promise.all([a.close(), a.close()])
    await read
    expect(a.isClosed).toBe(true)
    const to = InetAddr.parse('127.0.0.1:9')
    for (const call of [
      a.recv(),
      a.recvFrom(),
      a.send('x'),
      a.send('x', to),
      a.connect(to),
      a.bind({ port: 0 }),
    ])
      await expect(call).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
    const buffer = new UdpPacketBuffer({ packets: 1, size: 8 })
    for (const call of [
      () => a.getSockName(),
      () => a.getPeerName(),
      () => a.setTtl(3),
      () => a.recvBufferSize,
      () => a.joinGroup('224.0.0.251'),
      () => a.send(buffer, 1),
      () => a.receive(buffer),
      () => a.ref(),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_SOCKET_CLOSED' }))
    for await (const _ of a) expect.unreachable()
  })

  it('says that it is not bound', async () => {
    await using a = new UdpSocket()
    await expect(a.recv()).rejects.toMatchObject({ code: 'ERR_NOT_BOUND' })
    await expect(a.send('x')).rejects.toMatchObject({ code: 'ERR_NOT_BOUND' })
    expect(() => a.getSockName()).toThrow(expect.objectContaining({ code: 'ERR_NOT_BOUND' }))
    expect(() => a.setBroadcast(true)).toThrow(expect.objectContaining({ code: 'ERR_NOT_BOUND' }))
  })

  it('closes while it is being bound, and leaves nothing open', async () => {
    const a = new UdpSocket()
    const binding = a.bind({ host: 'localhost', port: 0 })
    await Promise.all([expect(binding).rejects.toMatchObject({ code: 'ERR_SOCKET_CLOSED' }), a.close()])
    await until(() => !process.getActiveResourcesInfo().includes('UDPWrap'))
  })

  it('sends what was sent before it closed', async () => {
    const a = await bound()
    await using b = await bound()
    await a.connect(b.getSockName())
    const sending = a.send('last words')
    await a.close()
    await sending
    expect(String(await b.recv())).toBe('last words')
  })
})

describe('Settings of a UdpSocket', () => {
  it('reach the system', async () => {
    await using a = await bound({ recvBufferSize: 20_000 })
    expect(a.recvBufferSize).toBeGreaterThanOrEqual(20_000)
    a.recvBufferSize = 30_000
    a.sendBufferSize = 40_000
    expect(a.recvBufferSize).toBeGreaterThanOrEqual(30_000)
    expect(a.sendBufferSize).toBeGreaterThanOrEqual(40_000)
    a.setTtl(5)
    a.setMulticastTtl(5)
    a.setMulticastLoopback(true)
    a.unref()
    a.ref()
    expect(() => a.setTtl(256)).toThrow(expect.objectContaining({ name: 'SocketsError', code: 'EINVAL' }))
  })

  it('allow broadcasts only when asked to', async () => {
    await using a = await bound({}, '0.0.0.0')
    const everyone = { host: ip`255.255.255.255`, port: 9 }
    await expect(a.send('x', everyone)).rejects.toMatchObject({
      code: expect.stringMatching(/^E(ACCES|NETUNREACH)$/),
    })
    a.setBroadcast(true)
    const code = await a.send('x', everyone).then(
      () => 'sent',
      (error: SocketsError) => error.code,
    )
    expect(['sent', 'ENETUNREACH']).toContain(code)
  })
})

describe('Multicast', () => {
  const interfaces = Object.entries(networkInterfaces())
  const loopback = interfaces.find(([, list]) => list?.some(it => it.internal))?.[0] ?? 'lo'
  /** Loopback has no IPv6 multicast route. */
  const linked = interfaces.find(([, list]) => list?.some(it => it.family === 'IPv6' && it.scopeid > 0))?.[0]

  async function reaches(group: string, any: string, via: string): Promise<void> {
    await using a = await UdpSocket.create({ host: any, port: 0, reuseAddress: true })
    await using b = await bound({}, any)
    const { port } = a.getSockName()
    {
      using _membership = a.joinGroup(group, { interface: via })
      b.setMulticastInterface(via)
      b.setMulticastLoopback(true)
      await b.send('to all', new InetAddr(group, port))
      expect(String(await a.recv())).toBe('to all')
    }
    await b.send('nobody there', new InetAddr(group, port))
    await b.send('to one', { host: any === '::' ? '::1' : LOOPBACK, port })
    expect(String(await a.recv())).toBe('to one')
  }

  it('reaches members until they leave, by the address of an interface', () =>
    reaches('239.255.77.1', '0.0.0.0', LOOPBACK))

  it('reaches members until they leave, by the name of an interface', () =>
    reaches('239.255.77.2', '0.0.0.0', loopback))

  it.skipIf(linked === undefined)(
    'reaches members over IPv6 (needs an interface with a link-local address)',
    () => reaches(`ff02::77%${linked}`, '::', linked!),
  )

  it('takes one source only where one is named (RFC 4607)', async () => {
    await using a = await UdpSocket.create({ host: '0.0.0.0', port: 0 })
    await using b = await bound()
    const group = '232.1.1.7'
    const to = new InetAddr(group, a.getSockName().port)
    b.setMulticastInterface(LOOPBACK)
    const other = a.joinGroup(group, { interface: LOOPBACK, source: '192.0.2.9' })
    await b.send('from another source', to)
    other[Symbol.dispose]()
    a.joinGroup(group, { interface: LOOPBACK, source: LOOPBACK })
    await b.send('from the source', to)
    expect(String(await a.recv())).toBe('from the source')
    a.leaveGroup(group, { interface: LOOPBACK, source: LOOPBACK })
  })

  it('refuses what is no group, and no interface', async () => {
    await using a = await bound({}, '0.0.0.0')
    expect(() => a.joinGroup('10.0.0.1')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }))
    expect(() => a.joinGroup('nonsense')).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ADDRESS' }))
    expect(() => a.joinGroup('239.1.1.1', { interface: 'no-such-if' })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_SOURCE_HOST' }),
    )
    expect(() => a.leaveGroup('239.1.1.1')).toThrow(expect.objectContaining({ name: 'SocketsError' }))
  })
})
