/**
 * Datagrams of 128 bytes in batches of 64, from a socket of this thread to another: packet buffers beside node:dgram.
 * The next batch is sent when the last one is there, so that the system drops none.
 * @module
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { UdpPacketBuffer, UdpSocket } from '@unisock/sockets'
import type { Case, Contender, Figures, RunOptions } from '../case.ts'

const BATCH = 64
const SIZE = 128
const HOST = '127.0.0.1'

/** Sends batch after batch until the time is over; the first hundredth of the time warms up. */
async function exchange({ quick }: RunOptions, sendBatch: (arrived: () => void) => void): Promise<Figures> {
  const run = async (ms: number): Promise<Figures> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const started = performance.now()
    const cpu = process.threadCpuUsage()
    let batches = 0
    const next = (): void => {
      if (performance.now() - started >= ms) return resolve()
      batches++
      sendBatch(next)
    }
    next()
    await promise
    const { user, system } = process.threadCpuUsage(cpu)
    const datagrams = batches * BATCH
    return {
      'datagrams/s': datagrams / ((performance.now() - started) / 1000),
      cpu: (user + system) / datagrams,
    }
  }
  await run(200)
  return run(quick ? 1000 : 4000)
}

const packetBuffers: Contender = async options => {
  let missing = 0
  let arrived = (): void => {}
  const receiver = await UdpSocket.create({
    host: HOST,
    port: 0,
    buffer: new UdpPacketBuffer({ packets: BATCH, size: SIZE }),
    onData(_socket, _buffer, count) {
      missing -= count
      if (missing === 0) arrived()
    },
  })
  const sender = await UdpSocket.create({ host: HOST, port: 0 })
  const packets = new UdpPacketBuffer({ packets: BATCH, size: SIZE })
  for (let i = 0; i < BATCH; i++) packets.write(i, Buffer.alloc(SIZE, 'm'), receiver.getSockName())
  try {
    return await exchange(options, done => {
      missing = BATCH
      arrived = done
      sender.send(packets, BATCH)
    })
  } finally {
    await Promise.all([sender.close(), receiver.close()])
  }
}

const nodeDgram: Contender = async options => {
  const receiver = createSocket('udp4').bind(0, HOST)
  const sender = createSocket('udp4').bind(0, HOST)
  await Promise.all([once(receiver, 'listening'), once(sender, 'listening')])
  const { port } = receiver.address()
  const datagram = Buffer.alloc(SIZE, 'm')
  let missing = 0
  let arrived = (): void => {}
  receiver.on('message', () => {
    if (--missing === 0) arrived()
  })
  try {
    return await exchange(options, done => {
      missing = BATCH
      arrived = done
      for (let i = 0; i < BATCH; i++) sender.send(datagram, port, HOST)
    })
  } finally {
    sender.close()
    receiver.close()
  }
}

export const udpBatch: Case = {
  name: 'udp-batch',
  contenders: { unisock: packetBuffers, 'node:dgram': nodeDgram },
  metrics: [
    { figure: 'datagrams/s', unit: 'datagrams/s', against: 'node:dgram', goal: { atLeast: 0.95 } },
    { figure: 'cpu', unit: 'µs/datagram', against: 'node:dgram', goal: { atMost: 1.05 } },
  ],
  rounds: 5,
}
