/**
 * A datagram mode's fd: bound, connected, or only written from.
 * @module
 */
import {
  type Addr,
  type CloseOptions,
  type Driver,
  libraryFailure,
  type Option,
  type PluginSocket,
  SO_IPV6ONLY,
  SO_REUSEPORT,
  SO_WRITE_HIGH_WATER,
  SocketError,
  type Target,
} from '@unisock/kernel/plugin'
import { UdpPacketBuffer, UdpSocket } from '@unisock/sockets'
import {
  type MulticastOption,
  SO_BROADCAST,
  SO_COMPRESSION,
  SO_ENCODING,
  SO_MULTICAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
} from '../options.ts'
import type { DatagramCodec } from './datagram-codec.ts'
import { Memberships } from './memberships.ts'

/** What crosses for a write: data for the connected peer, or data with its address. */
type SentWire = string | Uint8Array | [host: string, port: number, data: string | Uint8Array]

/** Datagrams that one turn may bring before they are handed on. */
const BATCH = 64

export class DatagramSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #makeCodec: (socket: PluginSocket) => DatagramCodec
  /** What was bound. A bind that failed leaves none. */
  #udp: UdpSocket | undefined
  #memberships: Memberships | undefined
  #codec: DatagramCodec | undefined
  #opening: Promise<Addr> | undefined
  #starved = false
  /** Bytes on their way to the system. */
  #pending = 0
  #blocked = false

  constructor(socket: PluginSocket, makeCodec: (socket: PluginSocket) => DatagramCodec) {
    this.#socket = socket
    this.#makeCodec = makeCodec
  }

  /** @throws {SocketError} `EISBOUND`, `EBADADDR`, `EINVAL` naming an option; the system's errors with their own codes. */
  bind({ host, port, path, on }: Target): Promise<Addr> {
    if (path !== undefined || on !== undefined || port === undefined)
      throw new SocketError('ENOTSUP', 'datagrams go between ports: bind to { host, port }')
    if (this.#opening) throw new SocketError('EISBOUND')
    return this.#bind(host, port, 'bind')
  }

  async connect({ host, port, path }: Target): Promise<Addr> {
    if (path !== undefined || port === undefined)
      throw new SocketError('ENOTSUP', 'datagrams go between ports: connect to { host, port }')
    await (this.#opening ?? this.#bind(anyOf(host), 0, 'connect'))
    const udp = this.#udp!
    try {
      await udp.connect({ host: host!, port })
    } catch (error) {
      throw libraryFailure(error, 'connect')
    }
    const peer = udp.getPeerName()
    return { address: String(peer.host), port: peer.port, family: peer.host.family === 6 ? 'IPv6' : 'IPv4' }
  }

  /** Binds a socket that is not bound. */
  write(wire: SentWire): boolean {
    const [host, port, data] = Array.isArray(wire) ? wire : [undefined, undefined, wire]
    if (host === undefined && !this.#udp?.isConnected)
      throw new SocketError('ENOADDR', 'write { data, host, port }, or connect first')
    if (this.#udp) this.#send(data, host, port)
    else
      (this.#opening ?? this.#bind(anyOf(host), 0, 'write')).then(
        () => this.#send(data, host, port),
        error => this.#socket.error(error),
      )
    this.#blocked ||= this.#pending > this.#socket.option(SO_WRITE_HIGH_WATER)
    return !this.#blocked
  }

  resume(): void {
    this.#starved = false
  }

  setOption(option: number, value: any): void {
    const udp = this.#udp
    try {
      if (option === SO_ENCODING || option === SO_COMPRESSION) this.#codec &&= this.#makeCodec(this.#socket)
      else if (!udp) return
      else if (option === SO_BROADCAST) udp.setBroadcast(value)
      else if (option === SO_RCVBUF) udp.recvBufferSize = value
      else if (option === SO_SNDBUF) udp.sendBufferSize = value
      else if (option === SO_MULTICAST) applyMulticast(udp, this.#memberships!, value)
    } catch (error) {
      throw libraryFailure(error, 'setOption')
    }
  }

  /** The sizes the system granted; other options as they are set. */
  query(option: number): unknown {
    if (this.#udp && option === SO_RCVBUF) return this.#udp.recvBufferSize
    if (this.#udp && option === SO_SNDBUF) return this.#udp.sendBufferSize
    return this.#socket.option(option as Option<unknown>) ?? null
  }

  inspect(): unknown {
    return this.#udp?.statistics
  }

  async close(_how: CloseOptions): Promise<void> {
    await this.#opening?.catch(() => {})
    await this.#udp?.close()
  }

  #bind(host: string | undefined, port: number, op: 'bind' | 'connect' | 'write'): Promise<Addr> {
    this.#opening = this.#openAt(host, port).catch(error => {
      this.#codec = this.#opening = undefined
      throw libraryFailure(error, op)
    })
    return this.#opening
  }

  async #openAt(host: string | undefined, port: number): Promise<Addr> {
    const socket = this.#socket
    this.#codec = this.#makeCodec(socket)
    const udp = await UdpSocket.create({
      host,
      port,
      reuseAddress: socket.option(SO_REUSEADDR),
      reusePort: socket.option(SO_REUSEPORT),
      ipv6Only: socket.option(SO_IPV6ONLY),
      buffer: new UdpPacketBuffer({ packets: BATCH }),
      onData: (_udp, buffer, count) => this.#received(buffer, count),
      onError: error => socket.error(libraryFailure(error)),
    })
    const memberships = new Memberships(udp)
    try {
      if (socket.option(SO_BROADCAST)) udp.setBroadcast(true)
      const [rcvbuf, sndbuf] = [socket.option(SO_RCVBUF), socket.option(SO_SNDBUF)]
      if (rcvbuf !== undefined) udp.recvBufferSize = rcvbuf
      if (sndbuf !== undefined) udp.sendBufferSize = sndbuf
      applyMulticast(udp, memberships, socket.option(SO_MULTICAST))
    } catch (error) {
      await udp.close()
      throw error
    }
    this.#udp = udp
    this.#memberships = memberships
    const name = udp.getSockName()
    return { address: String(name.host), port: name.port, family: name.host.family === 6 ? 'IPv6' : 'IPv4' }
  }

  #send(data: string | Uint8Array, host: string | undefined, port: number | undefined): void {
    let bytes: Uint8Array
    try {
      bytes = this.#codec!.encode(data)
    } catch (error) {
      this.#socket.error(libraryFailure(error, 'write'))
      return
    }
    const udp = this.#udp!
    this.#pending += bytes.byteLength
    const sent = host === undefined ? udp.send(bytes) : udp.send(bytes, { host, port: port! })
    sent
      .catch(error => this.#socket.error(libraryFailure(error, 'write')))
      .then(() => {
        this.#pending -= bytes.byteLength
        if (!this.#blocked || this.#pending > this.#socket.option(SO_WRITE_HIGH_WATER) / 2) return
        this.#blocked = false
        this.#socket.drained()
      })
  }

  /** Datagrams beyond the fd's credit are dropped, as the system drops what finds its buffer full. */
  #received(buffer: UdpPacketBuffer, count: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#starved) return this.#socket.dropped(count - i)
      try {
        const data = this.#codec!.decode(buffer.payload(i))
        this.#starved = !this.#socket.emit([buffer.peerHost(i), buffer.peerPort(i), data])
      } catch (error) {
        this.#starved = !this.#socket.error(libraryFailure(error))
      }
    }
  }
}

function applyMulticast(
  udp: UdpSocket,
  memberships: Memberships,
  { join = [], interface: from, ttl, loopback }: MulticastOption,
): void {
  if (from !== undefined) udp.setMulticastInterface(from)
  if (ttl !== undefined) udp.setMulticastTtl(ttl)
  if (loopback !== undefined) udp.setMulticastLoopback(loopback)
  memberships.set(join)
}

function anyOf(host: string | undefined): string {
  return host?.includes(':') ? '::' : '0.0.0.0'
}
