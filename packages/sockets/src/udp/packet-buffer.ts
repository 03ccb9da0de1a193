/**
 * Room for a batch of datagrams.
 * @module
 */
import type { InetAddr } from '../address/index.ts'
import { SocketsError } from '../errors.ts'
import { destinationPort, sourceOf } from './datagram.ts'

export interface UdpPacketBufferOptions {
  /** How many datagrams there is room for. @default 256 */
  packets?: number | undefined
  /** Bytes of room for each; longer ones are cut. @default 65536 */
  size?: number | undefined
}

const DEFAULT_PACKETS = 256
const DEFAULT_SIZE = 65_536

/**
 * A fixed number of packets of a fixed size in one ArrayBuffer, each with its length and its peer's address. Memory is
 * taken by the system when a packet's room is first used.
 */
export class UdpPacketBuffer {
  /** How many packets there is room for. */
  readonly packets: number
  /** Bytes of room for each. */
  readonly size: number
  readonly #bytes: Buffer
  readonly #lengths: Uint32Array
  readonly #truncated: Uint8Array
  readonly #ports: Uint16Array
  readonly #hosts: string[]
  readonly #views: (Buffer | undefined)[]

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE`, `ERR_ALLOCATION_FAILED` */
  constructor(options: UdpPacketBufferOptions = {}) {
    const { packets = DEFAULT_PACKETS, size = DEFAULT_SIZE } = options
    for (const value of [packets, size])
      if (!Number.isInteger(value) || value < 1)
        throw new SocketsError('ERR_OUT_OF_RANGE', `expected a positive integer, got ${value}`)
    this.packets = packets
    this.size = size
    this.#bytes = allocate(packets * size)
    this.#lengths = new Uint32Array(packets)
    this.#truncated = new Uint8Array(packets)
    this.#ports = new Uint16Array(packets)
    this.#hosts = new Array<string>(packets).fill('')
    this.#views = new Array<Buffer | undefined>(packets).fill(undefined)
  }

  /** A packet's bytes: a view, which the next datagram in this place overwrites. */
  payload(index: number): Buffer {
    this.#check(index)
    const length = this.#lengths[index]!
    const view = this.#views[index]
    if (view !== undefined && view.length === length) return view
    return (this.#views[index] = this.#bytes.subarray(index * this.size, index * this.size + length))
  }

  /** All the room of a packet, to be written to before {@link UdpPacketBuffer.setLength}. */
  payloadMut(index: number): Buffer {
    this.#check(index)
    return this.#bytes.subarray(index * this.size, (index + 1) * this.size)
  }

  length(index: number): number {
    this.#check(index)
    return this.#lengths[index]!
  }

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE` beyond the packet's room. */
  setLength(index: number, length: number): void {
    this.#check(index)
    if (!Number.isInteger(length) || length < 0 || length > this.size)
      throw new SocketsError('ERR_OUT_OF_RANGE', `a packet has room for ${this.size} bytes, not ${length}`)
    this.#lengths[index] = length
  }

  /** Whether the datagram was longer than the packet's room. */
  isTruncated(index: number): boolean {
    this.#check(index)
    return this.#truncated[index] === 1
  }

  /** Who sent the packet, or where it is to go; undefined where that was not set. */
  peer(index: number): InetAddr | undefined {
    this.#check(index)
    const host = this.#hosts[index]!
    return host === '' ? undefined : sourceOf(host, this.#ports[index]!)
  }

  /** @throws {SocketsError} `ERR_INVALID_PORT` for port 0. */
  setPeer(index: number, peer: InetAddr): void {
    this.#check(index)
    this.#ports[index] = destinationPort(peer.port)
    this.#hosts[index] = peer.host.toString()
  }

  /** The literal of the peer's host, empty where none was set: {@link UdpPacketBuffer.peer} without an object. */
  peerHost(index: number): string {
    return this.#hosts[index]!
  }

  peerPort(index: number): number {
    return this.#ports[index]!
  }

  /**
   * Makes a packet of `data`; the peer stays where none is given.
   *
   * @throws {SocketsError} `ERR_OUT_OF_RANGE` when the packet has no room for it.
   */
  write(index: number, data: string | Uint8Array, peer?: InetAddr): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    this.setLength(index, bytes.length)
    this.#bytes.set(bytes, index * this.size)
    this.#truncated[index] = 0
    if (peer !== undefined) this.setPeer(index, peer)
  }

  /** Takes a datagram in, cut to the packet's room. */
  fill(index: number, data: Buffer, host: string, port: number): void {
    const cut = data.length > this.size
    const kept = cut ? data.subarray(0, this.size) : data
    this.#bytes.set(kept, index * this.size)
    this.#lengths[index] = kept.length
    this.#truncated[index] = cut ? 1 : 0
    this.#hosts[index] = host
    this.#ports[index] = port
  }

  #check(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.packets)
      throw new SocketsError('ERR_OUT_OF_RANGE', `there are packets 0 to ${this.packets - 1}, no ${index}`)
  }
}

function allocate(bytes: number): Buffer {
  try {
    return Buffer.from(new ArrayBuffer(bytes))
  } catch (cause) {
    throw new SocketsError('ERR_ALLOCATION_FAILED', `${bytes} bytes could not be had`, { cause })
  }
}
