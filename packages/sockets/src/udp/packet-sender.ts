/**
 * Batched sending.
 * @module
 */
import type { Socket } from 'node:dgram'
import { type IPFamily, parseIP } from '../address/index.ts'
import { SocketsError } from '../errors.ts'
import { literalFor } from './datagram.ts'
import type { UdpPacketBuffer } from './packet-buffer.ts'
import { SendArena } from './send-arena.ts'

/** Packets that may be on their way at one time. */
const MAX_PACKETS = 1024

export interface PacketSenderEvents {
  /** Everything was handed to the system, after packets had to be left behind. */
  onDrain(): void
  onError(error: Error): void
}

/** Sends packets as long as there is room below the high-water mark. */
export class PacketSender {
  readonly #socket: Socket
  readonly #family: IPFamily
  readonly #highWater: number
  readonly #events: PacketSenderEvents
  #arena: SendArena | undefined
  #packets = 0
  #bytes = 0
  #count = 0
  #leftBehind = false

  /** `highWater` in bytes. */
  constructor(socket: Socket, family: IPFamily, highWater: number, events: PacketSenderEvents) {
    this.#socket = socket
    this.#family = family
    this.#highWater = highWater
    this.#events = events
  }

  /** Packets that were handed to the system. */
  get sent(): number {
    return this.#count
  }

  /** Packets and bytes that the system has not taken yet. */
  get pending(): { packets: number; bytes: number } {
    return { packets: this.#packets, bytes: this.#bytes }
  }

  /**
   * @returns how many of the packets from `start` to `end` were taken. Their bytes are copied.
   * @throws {SocketsError} `ERR_NOT_CONNECTED` for a packet without a peer, `EAFNOSUPPORT` for one of the other family,
   * before any is sent.
   */
  send(buffer: UdpPacketBuffer, start: number, end: number, connected: boolean): number {
    const taken = this.#fitting(buffer, start, end)
    if (!connected) this.#checkPeers(buffer, start, start + taken)
    if (start + taken < end) this.#leftBehind = true
    this.#packets += taken
    const arena = (this.#arena ??= new SendArena(this.#highWater))
    for (let i = start; i < start + taken; i++) {
      const payload = arena.copy(buffer.payload(i))
      this.#bytes += payload.length
      if (connected) this.#socket.send(payload, this.#sent)
      else this.#sendTo(payload, buffer.peerHost(i), buffer.peerPort(i))
    }
    return taken
  }

  /** A datagram may come from port 0, and be answered by a program that does not look: it fails as others do. */
  #sendTo(payload: Buffer, host: string, port: number): void {
    if (port === 0)
      process.nextTick(this.#sent, new SocketsError('ERR_INVALID_PORT', undefined, { operation: 'send' }))
    else this.#socket.send(payload, port, this.#host(host), this.#sent)
  }

  /** One packet is always taken when none is on its way, however long it is. */
  #fitting(buffer: UdpPacketBuffer, start: number, end: number): number {
    let bytes = this.#bytes
    let packets = this.#packets
    for (let i = start; i < end; i++) {
      bytes += buffer.length(i)
      if (packets > 0 && (packets >= MAX_PACKETS || bytes > this.#highWater)) return i - start
      packets++
    }
    return end - start
  }

  #checkPeers(buffer: UdpPacketBuffer, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const host = buffer.peerHost(i)
      if (host === '')
        throw new SocketsError('ERR_NOT_CONNECTED', `packet ${i} has no peer`, { operation: 'send' })
      this.#host(host)
    }
  }

  #host(literal: string): string {
    if (literal.includes(':') === (this.#family === 6)) return literal
    return literalFor(parseIP(literal), this.#family, 'send')
  }

  readonly #sent = (error: Error | null, bytes = 0): void => {
    this.#packets--
    this.#bytes -= bytes
    if (this.#packets === 0) this.#idle()
    if (error) this.#events.onError(error)
    else this.#count++
  }

  #idle(): void {
    this.#bytes = 0
    this.#arena!.clear()
    if (!this.#leftBehind) return
    this.#leftBehind = false
    // In a turn of its own: who sends again from it must not keep the loop from receiving.
    setImmediate(() => this.#events.onDrain())
  }
}
