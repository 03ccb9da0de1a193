/**
 * A channel over a byte stream: the two inherited socketpairs of a process worker.
 *
 * A message is `[u32 attachments] [u32 length of the batch] [u32 length of each attachment] batch attachments`.
 * @module
 */
import type { Socket } from 'node:net'
import { type Channel, NO_ATTACHMENTS } from './transport.ts'

const MAX_ATTACHMENTS = 1 << 16
/** No honest message is larger: credit bounds what is on its way. */
const MAX_MESSAGE_BYTES = 2 ** 29

export function streamChannel(socket: Socket): Channel {
  let listener: Parameters<Channel['onMessage']>[0] = () => {}
  let pending: Buffer[] = []
  let buffered = 0

  const take = (bytes: number): Buffer => {
    const whole = pending.length === 1 ? pending[0]! : Buffer.concat(pending, buffered)
    buffered -= bytes
    pending = buffered > 0 ? [whole.subarray(bytes)] : []
    return whole.subarray(0, bytes)
  }
  const peek = (bytes: number): Buffer => {
    if (pending[0]!.length < bytes) pending = [Buffer.concat(pending, buffered)]
    return pending[0]!
  }
  const deliver = (chunk: Buffer): void => {
    pending.push(chunk)
    buffered += chunk.length
    while (buffered >= 8) {
      const head = peek(8)
      const count = head.readUInt32BE(0)
      if (count > MAX_ATTACHMENTS) {
        socket.destroy(new Error('broken message head'))
        return
      }
      const headBytes = 8 + 4 * count
      if (buffered < headBytes) return
      const lengths = peek(headBytes)
      let total = headBytes + head.readUInt32BE(4)
      for (let i = 0; i < count; i++) total += lengths.readUInt32BE(8 + 4 * i)
      if (total > MAX_MESSAGE_BYTES) {
        socket.destroy(new Error(`a message of ${total} bytes`))
        return
      }
      if (buffered < total) return
      split(take(total), count)
    }
  }
  const split = (message: Buffer, count: number): void => {
    let at = 8 + 4 * count
    const next = (bytes: number): Buffer => message.subarray(at, (at += bytes))
    const batch = next(message.readUInt32BE(4))
    if (count === 0) return listener(batch, NO_ATTACHMENTS)
    const attachments: Uint8Array[] = []
    for (let i = 0; i < count; i++) attachments.push(new Uint8Array(next(message.readUInt32BE(8 + 4 * i))))
    listener(batch, attachments)
  }

  return {
    send(message, attachments) {
      if (socket.destroyed) return
      const head = Buffer.allocUnsafe(8 + 4 * attachments.length)
      head.writeUInt32BE(attachments.length, 0)
      head.writeUInt32BE(message.byteLength, 4)
      for (const [i, { byteLength }] of attachments.entries()) head.writeUInt32BE(byteLength, 8 + 4 * i)
      socket.cork()
      socket.write(head)
      socket.write(message)
      for (const attachment of attachments) socket.write(attachment)
      socket.uncork()
    },
    onMessage(next) {
      listener = next
      socket.on('data', deliver)
    },
    drain() {},
    close: () => socket.destroy(),
  }
}
