/**
 * A datagram mode's fd: bound, connected, or only written from.
 * @module
 */
import {
  type Addr,
  type CloseOptions,
  type Driver,
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
  SO_MULTICAST,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_SNDBUF,
} from '../options.ts'
import type { DatagramCodec } from './datagram-codec.ts'
import { failure } from './failure.ts'
import { Memberships } from './memberships.ts'

/** What crosses for a write: data for the connected peer, or data with its address. */
type SentWire = string | Uint8Array | [host: string, port: number, data: string | Uint8Array]

/** Datagrams that one turn may bring before they are handed on. */
const BATCH = 64

export class DatagramSocket implements Driver {
  readonly #socket: PluginSocket
  readonly #makeCodec: (socket: PluginSocket) => DatagramCodec
  readonly #udp: UdpSocket
  readonly #memberships: Memberships
  #codec: DatagramCodec | undefined
  #opening: Promise<Addr> | undefined
  #open = false
  #starved = false
  /** Bytes on their way to the system. */
  #pending = 0
  #blocked = false

  constructor(socket: PluginSocket, makeCodec: (socket: PluginSocket) => DatagramCodec) {
    this.#socket = socket
    this.#makeCodec = makeCodec
    this.#udp = new UdpSocket({
      buffer: new UdpPacketBuffer({ packets: BATCH }),
      onData: (_udp, buffer, count) => this.#received(buffer, count),
      onError: error => socket.error(failure(error)),
    })
    this.#memberships = new Memberships(this.#udp)
  }

  /** @throws {SocketError} `EISBOUND`, `EBADADDR`, `EINVAL` naming an option; the system's errors with their own codes. */
  bind({ host, port, path, on }: Target): Promise<Addr> {
    if (path !== undefined || on !== undefined || port === undefined)
      throw new SocketError('ENOTSUP', 'datagrams go between ports: bind to { host, port }')
    if (this.#opening) throw new SocketError('EISBOUND')
    return this.#bind(host, port)
  }

  async connect({ host, port, path }: Target): Promise<Addr> {
    if (path !== undefined || port === undefined)
      throw new SocketError('ENOTSUP', 'datagrams go between ports: connect to { host, port }')
    await (this.#opening ?? this.#bind(anyOf(host), 0))
    try {
      await this.#udp.connect({ host: host!, port })
    } catch (error) {
      throw failure(error, 'connect')
    }
    const peer = this.#udp.getPeerName()
    return { address: String(peer.host), port: peer.port, family: peer.host.family === 6 ? 'IPv6' : 'IPv4' }
  }

  /** Binds a socket that is not bound. */
  write(wire: SentWire): boolean {
    const [host, port, data] = Array.isArray(wire) ? wire : [undefined, undefined, wire]
    if (host === undefined && !this.#udp.isConnected && !this.#opening)
      throw new SocketError('ENOADDR', 'write { data, host, port }, or connect first')
    if (this.#open) this.#send(data, host, port)
    else
      (this.#opening ?? this.#bind(anyOf(host), 0)).then(
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
    if (!this.#open) return
    try {
      if (option === SO_BROADCAST) this.#udp.setBroadcast(value)
      else if (option === SO_RCVBUF) this.#udp.recvBufferSize = value
      else if (option === SO_SNDBUF) this.#udp.sendBufferSize = value
      else if (option === SO_MULTICAST) this.#applyMulticast(value)
      else this.#codec = this.#makeCodec(this.#socket)
    } catch (error) {
      throw failure(error, 'setOption')
    }
  }

  /** The sizes the system granted; other options as they are set. */
  query(option: number): unknown {
    if (this.#open && option === SO_RCVBUF) return this.#udp.recvBufferSize
    if (this.#open && option === SO_SNDBUF) return this.#udp.sendBufferSize
    return this.#socket.option(option as Option<unknown>) ?? null
  }

  inspect(): unknown {
    return this.#udp.statistics
  }

  async close(_how: CloseOptions): Promise<void> {
    await this.#udp.close()
  }

  async #bind(host: string | undefined, port: number): Promise<Addr> {
    this.#codec = this.#makeCodec(this.#socket)
    this.#opening = this.#openAt(host, port)
    try {
      return await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  async #openAt(host: string | undefined, port: number): Promise<Addr> {
    const socket = this.#socket
    try {
      const bound = await this.#udp.bind({
        host,
        port,
        reuseAddress: socket.option(SO_REUSEADDR),
        reusePort: socket.option(SO_REUSEPORT),
        ipv6Only: socket.option(SO_IPV6ONLY),
      })
      if (!bound) throw new SocketError('EADDRINUSE', `${host} port ${port} cannot be had`, { op: 'bind' })
      if (socket.option(SO_BROADCAST)) this.#udp.setBroadcast(true)
      const [rcvbuf, sndbuf] = [socket.option(SO_RCVBUF), socket.option(SO_SNDBUF)]
      if (rcvbuf !== undefined) this.#udp.recvBufferSize = rcvbuf
      if (sndbuf !== undefined) this.#udp.sendBufferSize = sndbuf
      this.#applyMulticast(socket.option(SO_MULTICAST))
    } catch (error) {
      throw failure(error, 'bind')
    }
    this.#open = true
    const name = this.#udp.getSockName()
    return { address: String(name.host), port: name.port, family: name.host.family === 6 ? 'IPv6' : 'IPv4' }
  }

  #applyMulticast({ join = [], interface: from, ttl, loopback }: MulticastOption): void {
    if (from !== undefined) this.#udp.setMulticastInterface(from)
    if (ttl !== undefined) this.#udp.setMulticastTtl(ttl)
    if (loopback !== undefined) this.#udp.setMulticastLoopback(loopback)
    this.#memberships.set(join)
  }

  #send(data: string | Uint8Array, host: string | undefined, port: number | undefined): void {
    const bytes = this.#codec!.encode(data)
    this.#pending += bytes.byteLength
    const sent = host === undefined ? this.#udp.send(bytes) : this.#udp.send(bytes, { host, port: port! })
    sent
      .catch(error => this.#socket.error(failure(error, 'write')))
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
        this.#socket.error(failure(error))
      }
    }
  }
}

function anyOf(host: string | undefined): string {
  return host?.includes(':') ? '::' : '0.0.0.0'
}
