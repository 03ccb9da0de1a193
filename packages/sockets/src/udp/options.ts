/**
 * The settings of UDP sockets.
 * @module
 */
import type { IPAddr, IPFamily } from '../address/index.ts'
import type { HostResolver } from '../dns/index.ts'
import type { SocketsError } from '../errors.ts'
import type { UdpPacketBuffer } from './packet-buffer.ts'
import type { UdpSocket } from './udp-socket.ts'

export interface UdpSocketOptions {
  /** @default that of the first address the socket is bound or sends to */
  family?: IPFamily | undefined
  /** Where batches are gathered for `onData`. @default one with room for 256 datagrams of any length */
  buffer?: UdpPacketBuffer | undefined
  /**
   * Gets received datagrams in batches, once a loop turn or when the buffer is full. Without it they wait to be read.
   * The buffer's content is good until the callback returns.
   */
  onData?: ((socket: UdpSocket, buffer: UdpPacketBuffer, count: number) => void) | undefined
  /** The packets that a batched send left behind can be sent now. */
  onDrain?: ((socket: UdpSocket) => void) | undefined
  /** Failures that no call waits for. Without it the next read fails with the first of them. */
  onError?: ((error: SocketsError, socket: UdpSocket) => void) | undefined
  /** Bytes of datagrams that wait to be read; what comes beyond is dropped. @default 1048576 */
  maxQueueBytes?: number | undefined
  /** Datagrams that wait to be read; what comes beyond is dropped. @default 1024 */
  maxQueuePackets?: number | undefined
  /** Bytes of batched packets that may be on their way to the system. @default 1048576 */
  sendHighWater?: number | undefined
  /** The system's receive buffer, in bytes. */
  recvBufferSize?: number | undefined
  /** The system's send buffer, in bytes. */
  sendBufferSize?: number | undefined
  /** Resolves host names. @default the shared {@link hostResolver} */
  resolver?: HostResolver | undefined
}

export interface UdpBindOptions {
  /** A name or an address. @default all addresses of the family */
  host?: string | IPAddr | undefined
  /** 0 for one of the system's choice. */
  port: number
  /** An IPv6 socket does not take IPv4. @default false */
  ipv6Only?: boolean | undefined
  /** SO_REUSEADDR: other sockets may be bound to the same address, as multicast needs it. @default false */
  reuseAddress?: boolean | undefined
  /** SO_REUSEPORT: the system spreads datagrams over all sockets of the port. @default false */
  reusePort?: boolean | undefined
}

/** Counted since the socket was made. */
export interface UdpStatistics {
  received: number
  /** Handed to the system by `send`, in either form. */
  sent: number
  /** Datagrams that found the receive queue full. */
  dropped: number
  /** Failures outside of calls. */
  errors: number
  /** Datagrams that wait to be read now, and their cost in memory. */
  queued: number
  queuedBytes: number
  /** Packets of batched sends that are on their way to the system now. */
  pending: number
  pendingBytes: number
}
