/**
 * UDP sockets.
 * @module
 */
import type { Socket } from 'node:dgram'
import type { IPFamily } from '../address/index.ts'
import { SocketsError, toSocketsError } from '../errors.ts'
import { type Datagram, type RawDatagram, sourceOf, type UdpDestination } from './datagram.ts'
import { DatagramQueue } from './datagram-queue.ts'
import type { UdpBindOptions, UdpSocketOptions, UdpStatistics } from './options.ts'
import { UdpPacketBuffer } from './packet-buffer.ts'
import { PacketCollector } from './packet-collector.ts'
import { PacketSender } from './packet-sender.ts'
import { Receiver } from './receiver.ts'
import { UdpEndpoint } from './udp-endpoint.ts'

const MAX_QUEUE_BYTES = 1024 * 1024
const MAX_QUEUE_PACKETS = 1024
const SEND_HIGH_WATER = 1024 * 1024

const NOTHING_PENDING = { packets: 0, bytes: 0 }

/** How reading may be given up. */
export interface RecvOptions {
  signal?: AbortSignal | undefined
}

/**
 * A UDP socket in two shapes: promises (`recv`, `recvFrom`, `send(data, to)`, async iteration), and callbacks with
 * batches of packets (`onData`, `onDrain`, `send(buffer, count)`). A zero-length datagram is a datagram.
 */
export class UdpSocket extends UdpEndpoint implements AsyncIterable<Datagram> {
  readonly #receiver: Receiver
  readonly #collector: PacketCollector | undefined
  #sender: PacketSender | undefined
  #received = 0
  #sent = 0
  #errors = 0

  constructor(options: UdpSocketOptions = {}) {
    super(options)
    const { maxQueueBytes = MAX_QUEUE_BYTES, maxQueuePackets = MAX_QUEUE_PACKETS, onData } = options
    this.#receiver = new Receiver(new DatagramQueue(maxQueueBytes, maxQueuePackets))
    if (onData === undefined) return
    const buffer = options.buffer ?? new UdpPacketBuffer()
    this.#collector = new PacketCollector(buffer, count => onData(this, buffer, count))
  }

  /**
   * A bound socket, in one call.
   *
   * @throws {SocketsError} with the system's code: `EADDRINUSE` …
   */
  static async create(options: UdpSocketOptions & UdpBindOptions): Promise<UdpSocket> {
    const socket = new UdpSocket(options)
    await socket.open(options)
    return socket
  }

  /**
   * Sends one datagram: to the peer of a connected socket, else to `to`. Binds a socket that is not bound. Resolves
   * when the system has taken it; until then `data` must not change.
   *
   * @throws {SocketsError} `ERR_NOT_CONNECTED` without a destination, `EISCONN` with one on a connected socket; the
   * system's codes: `EMSGSIZE`, `ECONNREFUSED` …
   */
  send(data: string | NodeJS.ArrayBufferView, to?: UdpDestination): Promise<void>
  /**
   * Sends a batch: the buffer's packets from `start` up to `end`, to the peer of a connected socket, else to their
   * own. Their bytes are copied. Failures go to `onError`.
   *
   * @returns how many were taken; `onDrain` says when the others may be sent.
   * @throws {SocketsError} `ERR_NOT_BOUND`, `ERR_SOCKET_CLOSED`, `ERR_NOT_CONNECTED`, `ERR_OUT_OF_RANGE`
   */
  send(buffer: UdpPacketBuffer, end: number, start?: number): number
  send(
    data: string | NodeJS.ArrayBufferView | UdpPacketBuffer,
    to?: UdpDestination | number,
    start = 0,
  ): Promise<void> | number {
    if (data instanceof UdpPacketBuffer) return this.#sendBatch(data, start, to as number)
    return this.#sendOne(data, to as UdpDestination | undefined)
  }

  /**
   * Moves datagrams that wait to be read into the buffer.
   *
   * @returns how many.
   * @throws {SocketsError} `ERR_NOT_BOUND`, `ERR_SOCKET_CLOSED`; what failed since the last read.
   */
  receive(buffer: UdpPacketBuffer): number {
    this.#requireReadable('receive')
    let count = 0
    while (count < buffer.packets) {
      if (count > 0 && this.#receiver.queue.length === 0) break
      const item = this.#receiver.take()
      if (item === undefined) break
      buffer.fill(count++, item.data, item.address, item.port)
    }
    return count
  }

  /**
   * The next datagram's payload.
   *
   * @throws {SocketsError} `ERR_NOT_BOUND`, `ERR_SOCKET_CLOSED`, `ERR_NOT_SUPPORTED` on a socket with `onData`; what
   * failed since the last read. The signal's reason when it is aborted.
   */
  async recv(options: RecvOptions = {}): Promise<Buffer> {
    return (await this.#next('recv', options)).data
  }

  /** The next datagram, with its source. Failures as of {@link UdpSocket.recv}. */
  async recvFrom(options: RecvOptions = {}): Promise<Datagram> {
    const { data, address, port } = await this.#next('recvFrom', options)
    return { data, from: sourceOf(address, port) }
  }

  /** Datagrams until the socket closes. Leaving the loop does not close it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Datagram, void, void> {
    while (!this.isClosed) {
      try {
        yield await this.recvFrom()
      } catch (error) {
        if ((error as SocketsError).code === 'ERR_SOCKET_CLOSED') return
        throw error
      }
    }
  }

  get statistics(): UdpStatistics {
    const { queue } = this.#receiver
    const pending = this.#sender?.pending ?? NOTHING_PENDING
    return {
      received: this.#received,
      sent: this.#sent + (this.#sender?.sent ?? 0),
      dropped: queue.dropped,
      errors: this.#errors,
      queued: queue.length,
      queuedBytes: queue.bytes,
      pending: pending.packets,
      pendingBytes: pending.bytes,
    }
  }

  protected override opened(socket: Socket, family: IPFamily): void {
    const { sendHighWater = SEND_HIGH_WATER, onDrain } = this.options
    this.#sender = new PacketSender(socket, family, sendHighWater, {
      onDrain: () => {
        if (!this.isClosed) onDrain?.(this)
      },
      onError: error => this.failed(toSocketsError(error, 'send')),
    })
    const collector = this.#collector
    if (collector === undefined)
      socket.on('message', (data, { address, port }) => {
        this.#received++
        this.#receiver.deliver({ data, address, port })
      })
    else
      socket.on('message', (data, { address, port }) => {
        this.#received++
        collector.add(data, address, port)
      })
  }

  protected override closing(error: SocketsError): void {
    this.#collector?.clear()
    this.#receiver.close(error)
  }

  /** A reader that waits learns of it, else the program's handler, else the next read. */
  protected override failed(error: SocketsError): void {
    if (this.isClosed) return
    this.#errors++
    if (this.#receiver.fail(error)) return
    const { onError } = this.options
    if (onError === undefined) this.#receiver.keep(error)
    else onError(error, this)
  }

  async #sendOne(data: string | NodeJS.ArrayBufferView, to: UdpDestination | undefined): Promise<void> {
    if (to === undefined) {
      const socket = this.socket('send')
      if (!this.isConnected) throw new SocketsError('ERR_NOT_CONNECTED', undefined, { operation: 'send' })
      await handOver(done => socket.send(data, done))
    } else {
      const [host, port] = await this.destination(to, 'send')
      const socket = await this.ensureBound(host)
      if (this.isConnected)
        throw new SocketsError('EISCONN', 'a connected socket sends to its peer only', { operation: 'send' })
      await handOver(done => socket.send(data, port, host, done))
    }
    this.#sent++
  }

  #sendBatch(buffer: UdpPacketBuffer, start: number, end: number): number {
    this.socket('send')
    if (
      !Number.isInteger(start) ||
      !Number.isInteger(end) ||
      start < 0 ||
      end > buffer.packets ||
      start > end
    )
      throw new SocketsError(
        'ERR_OUT_OF_RANGE',
        `there are ${buffer.packets} packets, not ${start} to ${end}`,
        {
          operation: 'send',
        },
      )
    return this.#sender!.send(buffer, start, end, this.isConnected)
  }

  async #next(operation: string, { signal }: RecvOptions): Promise<RawDatagram> {
    this.#requireReadable(operation)
    return this.#receiver.next(signal)
  }

  #requireReadable(operation: string): void {
    this.socket(operation)
    if (this.#collector === undefined) return
    throw new SocketsError('ERR_NOT_SUPPORTED', 'the datagrams of this socket go to its onData', {
      operation,
    })
  }
}

async function handOver(send: (done: (error: Error | null) => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  try {
    send(error => (error ? reject(error) : resolve()))
    await promise
  } catch (error) {
    throw toSocketsError(error, 'send')
  }
}
