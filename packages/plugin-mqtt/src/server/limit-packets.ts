/**
 * Ends connections whose packets are too large, before they are collected.
 * @module
 */
import type { Duplex } from 'node:stream'
import { PacketSize } from '../packet-size.ts'

/**
 * Sees what is read of the stream by `read`, which is how aedes reads: once each time there is something, and expecting
 * all of it, where Node from version 26 on gives one chunk a call.
 */
export function limitPackets(stream: Duplex, limit: number): void {
  const size = new PacketSize(limit)
  const readOne = stream.read.bind(stream)
  stream.read = bytes => {
    // How Node itself has a stream fill its buffer.
    if (bytes === 0) return readOne(0)
    const first: Buffer | null = readOne()
    if (first === null) return null
    let rest: Buffer[] | undefined
    for (let more: Buffer | null = readOne(); more !== null; more = readOne()) (rest ??= []).push(more)
    const chunk = rest ? Buffer.concat([first, ...rest]) : first
    try {
      size.check(chunk)
    } catch (error) {
      stream.destroy(error as Error)
    }
    return chunk
  }
}
