import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { InetAddr } from '../src/address/index.ts'
import type { SocketsError } from '../src/errors.ts'
import { UdpPacketBuffer, UdpSocket } from '../src/udp/index.ts'

const LOOPBACK = '127.0.0.1'

/** A socket that gathers the texts it receives, and the sizes of the batches they come in. */
async function listener(packets: number, size = 2048) {
  const texts: string[] = []
  const batches: number[] = []
  let wake = (): void => {}
  const socket = await UdpSocket.create({
    host: LOOPBACK,
    port: 0,
    buffer: new UdpPacketBuffer({ packets, size }),
    recvBufferSize: 1024 * 1024,
    onData(_socket, buffer, count) {
      batches.push(count)
      for (let i = 0; i < count; i++) texts.push(String(buffer.payload(i)))
      wake()
    },
  })
  const received = async (count: number): Promise<string[]> => {
    while (texts.length < count) await new Promise<void>(resolve => (wake = resolve))
    return texts
  }
  return {
    socket,
    batches,
    received,
    address: socket.getSockName(),
    [Symbol.asyncDispose]: () => socket.close(),
  }
}

function filled(count: number, to?: InetAddr, packets = count): UdpPacketBuffer {
  const buffer = new UdpPacketBuffer({ packets, size: 64 })
  for (let i = 0; i < count; i++) buffer.write(i, `packet ${i}`, to)
  return buffer
}

const expected = (count: number): string[] => Array.from({ length: count }, (_, i) => `packet ${i}`)

describe('UdpPacketBuffer', () => {
  it('has packets of a fixed size in one ArrayBuffer', () => {
    const buffer = new UdpPacketBuffer({ packets: 4, size: 100 })
    expect(buffer.payloadMut(0).buffer).toBe(buffer.payloadMut(3).buffer)
    expect(buffer.payloadMut(0).buffer.byteLength).toBe(400)
    expect(buffer.payloadMut(3).byteOffset).toBe(300)
    expect(buffer.payload(0).length).toBe(0)
  })

  it('shows what was written into it', () => {
    const buffer = new UdpPacketBuffer({ packets: 2, size: 16 })
    const length = buffer.payloadMut(1).write('hello')
    buffer.setLength(1, length)
    buffer.setPeer(1, InetAddr.parse('[::1]:7'))
    expect(String(buffer.payload(1))).toBe('hello')
    expect(String(buffer.peer(1))).toBe('[::1]:7')
    expect(buffer.peer(0)).toBeUndefined()
    buffer.write(1, new Uint8Array([1, 2]))
    expect([...buffer.payload(1)]).toEqual([1, 2])
    expect(String(buffer.peer(1))).toBe('[::1]:7')
  })

  it('refuses what is out of range', () => {
    const buffer = new UdpPacketBuffer({ packets: 2, size: 4 })
    for (const call of [
      () => buffer.payload(2),
      () => buffer.payloadMut(-1),
      () => buffer.length(0.5),
      () => buffer.setLength(0, 5),
      () => buffer.setLength(0, -1),
      () => buffer.write(0, '12345'),
      () => new UdpPacketBuffer({ packets: 0 }),
      () => new UdpPacketBuffer({ size: 1.5 }),
    ])
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }))
    expect(() => buffer.setPeer(0, InetAddr.parse('1.2.3.4:0'))).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_PORT' }),
    )
    expect(() => new UdpPacketBuffer({ packets: 2 ** 30, size: 2 ** 30 })).toThrow(
      expect.objectContaining({ code: 'ERR_ALLOCATION_FAILED' }),
    )
  })
})

describe('A UdpSocket with packet buffers', () => {
  it('echoes batches', async () => {
    await using echo = await UdpSocket.create({
      host: LOOPBACK,
      port: 0,
      onData: (socket, buffer, count) => void socket.send(buffer, count),
    })
    await using client = await listener(64)
    const count = 50
    expect(client.socket.send(filled(count, echo.getSockName()), count)).toBe(count)
    expect(await client.received(count)).toEqual(expected(count))
    expect(client.socket.statistics).toMatchObject({
      sent: count,
      received: count,
      pending: 0,
      pendingBytes: 0,
    })
  })

  it('delivers several datagrams at once, and a full buffer at once', async () => {
    await using server = await listener(8)
    await using sender = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    sender.send(filled(30, server.address), 30)
    expect(await server.received(30)).toEqual(expected(30))
    expect(Math.max(...server.batches)).toBeGreaterThan(1)
    expect(Math.max(...server.batches)).toBeLessThanOrEqual(8)
    expect(server.batches.reduce((sum, count) => sum + count)).toBe(30)
  })

  it('tells each packet its source, its length and whether it was cut', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown[]>()
    const seen: unknown[] = []
    await using server = await UdpSocket.create({
      host: LOOPBACK,
      port: 0,
      buffer: new UdpPacketBuffer({ packets: 4, size: 5 }),
      onData(_socket, buffer, count) {
        for (let i = 0; i < count; i++)
          seen.push([
            String(buffer.payload(i)),
            buffer.length(i),
            buffer.isTruncated(i),
            String(buffer.peer(i)),
          ])
        if (seen.length === 3) resolve(seen)
      },
    })
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    const from = String(client.getSockName())
    for (const text of ['', '12345', '123456']) await client.send(text, server.getSockName())
    expect(await promise).toEqual([
      ['', 0, false, from],
      ['12345', 5, false, from],
      ['12345', 5, true, from],
    ])
  })

  it('sends to the peer of a connected socket', async () => {
    await using server = await listener(16)
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    await client.connect(server.address)
    expect(client.send(filled(3), 3)).toBe(3)
    expect(await server.received(3)).toEqual(expected(3))
  })

  it('copies what it sends: the buffer may be filled again at once', async () => {
    await using server = await listener(16)
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    const buffer = filled(1, server.address)
    client.send(buffer, 1)
    buffer.write(0, 'packet 1')
    client.send(buffer, 1)
    buffer.write(0, 'overwritten')
    expect(await server.received(2)).toEqual(expected(2))
  })

  it('takes packets up to its high-water mark and says when the rest may be sent', async () => {
    await using server = await listener(64)
    const count = 40
    const buffer = filled(count, server.address)
    const { promise, resolve } = Promise.withResolvers<void>()
    const takes: number[] = []
    let next = 0
    const push = (socket: UdpSocket): void => {
      const taken = socket.send(buffer, count, next)
      takes.push(taken)
      next += taken
      if (next === count) resolve()
    }
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0, sendHighWater: 90, onDrain: push })
    push(client)
    expect(client.statistics.pendingBytes).toBeLessThanOrEqual(90)
    await promise
    expect(await server.received(count)).toEqual(expected(count))
    expect(takes.length).toBeGreaterThan(3)
    expect(takes.every(taken => taken > 0)).toBe(true)
  })

  it('takes a packet that is longer than the high-water mark when none is on its way', async () => {
    await using server = await listener(16)
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0, sendHighWater: 1 })
    expect(client.send(filled(2, server.address), 2)).toBe(1)
    expect(await server.received(1)).toEqual(expected(1))
  })

  it('tells failures of single packets to onError and sends the others', async () => {
    const failed = Promise.withResolvers<SocketsError>()
    await using server = await listener(16)
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0, onError: failed.resolve })
    const buffer = new UdpPacketBuffer({ packets: 3, size: 70_000 })
    buffer.write(0, 'packet 0', server.address)
    buffer.write(1, Buffer.alloc(70_000), server.address)
    buffer.write(2, 'packet 1', server.address)
    expect(client.send(buffer, 3)).toBe(3)
    expect(await failed.promise).toMatchObject({ name: 'SocketsError', code: 'EMSGSIZE', operation: 'send' })
    expect(await server.received(2)).toEqual(expected(2))
  })

  it('survives an answer to port 0, where a datagram may come from', async () => {
    const failed = Promise.withResolvers<SocketsError>()
    await using server = await listener(16)
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0, onError: failed.resolve })
    const buffer = filled(2, server.address)
    buffer.fill(0, Buffer.from('?'), LOOPBACK, 0)
    buffer.write(1, 'packet 0')
    expect(client.send(buffer, 2)).toBe(2)
    expect(await failed.promise).toMatchObject({ code: 'ERR_INVALID_PORT', operation: 'send' })
    expect(await server.received(1)).toEqual(expected(1))
    expect(client.statistics.pending).toBe(0)
  })

  it('sends nothing of a batch it cannot send', async () => {
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    const own = client.getSockName()
    const missing = filled(2, own, 3)
    expect(() => client.send(missing, 3)).toThrow(expect.objectContaining({ code: 'ERR_NOT_CONNECTED' }))
    const six = filled(2, own)
    six.setPeer(1, InetAddr.parse('[::1]:9'))
    expect(() => client.send(six, 2)).toThrow(expect.objectContaining({ code: 'EAFNOSUPPORT' }))
    for (const [end, start] of [
      [4, 0],
      [1, 2],
      [-1, 0],
      [0.5, 0],
      [1, -1],
    ])
      expect(() => client.send(missing, end!, start)).toThrow(
        expect.objectContaining({ code: 'ERR_OUT_OF_RANGE' }),
      )
    expect(client.send(missing, 0)).toBe(0)
    await client.send('only this', own)
    expect(String(await client.recv())).toBe('only this')
    await using unbound = new UdpSocket()
    expect(() => unbound.send(missing, 1)).toThrow(expect.objectContaining({ code: 'ERR_NOT_BOUND' }))
  })

  it('reaches IPv4 peers from an IPv6 socket', async () => {
    await using server = await listener(16)
    await using client = await UdpSocket.create({ host: '::', port: 0 })
    expect(client.send(filled(2, server.address), 2)).toBe(2)
    expect(await server.received(2)).toEqual(expected(2))
  })

  it('hands out what waits, by receive()', async () => {
    await using server = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    const buffer = new UdpPacketBuffer({ packets: 2, size: 64 })
    expect(server.receive(buffer)).toBe(0)
    client.send(filled(3, server.getSockName()), 3)
    while (server.statistics.queued < 3) await new Promise(resolve => setImmediate(resolve))
    expect(server.receive(buffer)).toBe(2)
    expect([String(buffer.payload(0)), String(buffer.payload(1))]).toEqual(expected(2))
    expect(String(buffer.peer(0))).toBe(String(client.getSockName()))
    expect(server.receive(buffer)).toBe(1)
    expect(String(buffer.payload(0))).toBe('packet 2')
  })

  it('has no reads beside onData', async () => {
    await using server = await listener(4)
    await expect(server.socket.recv()).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' })
    expect(() => server.socket.receive(new UdpPacketBuffer({ packets: 1, size: 1 }))).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' }),
    )
  })

  it('delivers nothing once it is closed', async () => {
    let deliveries = 0
    const server = await UdpSocket.create({
      host: LOOPBACK,
      port: 0,
      buffer: new UdpPacketBuffer({ packets: 1, size: 8 }),
      onData(socket) {
        deliveries++
        void socket.close()
      },
    })
    await using client = await UdpSocket.create({ host: LOOPBACK, port: 0 })
    client.send(filled(5, server.getSockName()), 5)
    while (!server.isClosed) await new Promise(resolve => setImmediate(resolve))
    await server.close()
    expect(deliveries).toBe(1)
  })

  it('talks to plain sockets of node:dgram', async () => {
    const plain = createSocket('udp4')
    plain.bind(0, LOOPBACK)
    await once(plain, 'listening')
    await using server = await listener(4)
    plain.send('packet 0', server.address.port, LOOPBACK)
    await server.received(1)
    server.socket.send(filled(1, InetAddr.from(plain.address())), 1)
    const [data] = await once(plain, 'message')
    expect(String(data)).toBe('packet 0')
    plain.close()
  })
})
