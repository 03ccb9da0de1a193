/**
 * The load process for MQTT publishers: a broker that counts what is published to it, acknowledges it and passes
 * nothing on. It tells the publisher where it is, which then publishes until it is told no more.
 * @module
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { PublishLoad, PublishResult } from './mqtt-served.ts'

const { port, seconds } = JSON.parse(process.argv[2]!) as PublishLoad
const CONNACK = Buffer.of(0x20, 2, 0, 0)
const PINGRESP = Buffer.of(0xd0, 0)
let messages = 0

/** Deals with whole packets (MQTT 3.1.1 section 2); returns the bytes that are left. */
function receive(socket: Socket, bytes: Buffer): Buffer {
  let at = 0
  const acks: number[] = []
  while (at + 2 <= bytes.length) {
    let length = 0
    let start = at + 1
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[start++]
      if (byte === undefined) return bytes.subarray(at)
      length += (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (start + length > bytes.length) break
    const first = bytes[at]!
    switch (first >> 4) {
      case 1:
        socket.write(CONNACK)
        break
      case 3:
        messages++
        if ((first & 6) !== 0) {
          const id = start + 2 + bytes.readUInt16BE(start)
          acks.push(0x40, 2, bytes[id]!, bytes[id + 1]!)
        }
        break
      case 12:
        socket.write(PINGRESP)
        break
    }
    at = start + length
  }
  if (acks.length > 0) socket.write(Buffer.from(acks))
  return bytes.subarray(at)
}

const broker = createServer(socket => {
  let left: Buffer = Buffer.alloc(0)
  socket.setNoDelay().on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    left = receive(socket, left.length === 0 ? chunk : Buffer.concat([left, chunk]))
  })
})
broker.listen(0, '127.0.0.1')
await once(broker, 'listening')
const publisher = connect(port, '127.0.0.1')
publisher.write(String((broker.address() as AddressInfo).port))
await new Promise<void>(resolve => {
  const poll = setInterval(() => {
    if (messages === 0) return
    clearInterval(poll)
    resolve()
  }, 1)
})
const started = performance.now()
const before = messages
await new Promise(resolve => setTimeout(resolve, seconds * 1000))
const report: PublishResult = { messages: messages - before, seconds: (performance.now() - started) / 1000 }
publisher.destroy()
process.send!(report, () => process.exit(0))
