/**
 * The local end of UDP: a socket of the system, its addresses and its settings.
 * @module
 */
import type { Socket } from 'node:dgram'
import { InetAddr, type IPAddr, type IPFamily, IPv4, IPv6, parsePort } from '../address/index.ts'
import { isExpectedBindFailure } from '../engine/bind-failure.ts'
import { SocketsError, toSocketsError } from '../errors.ts'
import { destinationPort, literalFor, resolveHost, type UdpDestination } from './datagram.ts'
import { changeMembership, type GroupOptions, toInterface } from './multicast.ts'
import { openSocket } from './open.ts'
import type { UdpBindOptions, UdpSocketOptions } from './options.ts'

/** What {@link UdpSocket} is but for sending and receiving. */
export abstract class UdpEndpoint implements AsyncDisposable {
  protected readonly options: UdpSocketOptions
  #family: IPFamily | undefined
  #opening: Promise<void> | undefined
  #socket: Socket | undefined
  #connected = false
  #closing: Promise<void> | undefined

  constructor(options: UdpSocketOptions) {
    this.options = options
    this.#family = options.family
  }

  /** The socket is open; nothing was received by it. */
  protected abstract opened(socket: Socket, family: IPFamily): void
  /** The socket will be closed. */
  protected abstract closing(error: SocketsError): void
  /** Something failed that no call waits for. */
  protected abstract failed(error: SocketsError): void

  /**
   * Binds the socket, which then receives.
   *
   * @returns false when the address is in use, denied, or none of this machine.
   * @throws {SocketsError} `ERR_ALREADY_BOUND`, `ERR_SOCKET_CLOSED`, `ERR_INVALID_PORT`; other failures with their code.
   */
  async bind(options: UdpBindOptions): Promise<boolean> {
    try {
      await this.open(options)
      return true
    } catch (error) {
      if (isExpectedBindFailure(error)) return false
      throw error
    }
  }

  /**
   * Receives from `to` only, and sends there. Binds a socket that is not bound; a connected socket gets a new peer.
   *
   * @throws {SocketsError} with the system's code.
   */
  async connect(to: UdpDestination): Promise<void> {
    const [host, port] = await this.destination(to, 'connect')
    const socket = await this.ensureBound(host)
    if (this.#connected) this.disconnect()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const done = (error?: Error): void => (error ? reject(toSocketsError(error, 'connect')) : resolve())
    this.#apply('connect', () => socket.connect(port, host, done))
    await promise
    this.#connected = true
  }

  /** @throws {SocketsError} `ERR_NOT_CONNECTED` */
  disconnect(): void {
    this.#requirePeer('disconnect')
    this.#apply('disconnect', socket => socket.disconnect())
    this.#connected = false
  }

  /**
   * Joins a multicast group. Disposing of what is returned leaves it.
   *
   * @throws {SocketsError} `ERR_INVALID_ADDRESS`, `ERR_NOT_BOUND`; the system's codes.
   */
  joinGroup(group: string | IPAddr, options: GroupOptions = {}): Disposable {
    this.#apply('joinGroup', socket => changeMembership(socket, this.#family!, 'join', group, options))
    return {
      [Symbol.dispose]: () => {
        if (!this.isClosed) this.leaveGroup(group, options)
      },
    }
  }

  /** Leaves a group; the options are those it was joined with. Failures as of {@link UdpEndpoint.joinGroup}. */
  leaveGroup(group: string | IPAddr, options: GroupOptions = {}): void {
    this.#apply('leaveGroup', socket => changeMembership(socket, this.#family!, 'leave', group, options))
  }

  /** The interface multicast is sent by, by name or address. */
  setMulticastInterface(name: string | IPAddr): void {
    this.#apply('setMulticastInterface', it => it.setMulticastInterface(toInterface(name, this.#family!)))
  }

  /** Hops of multicast datagrams, 0 to 255. */
  setMulticastTtl(ttl: number): void {
    this.#apply('setMulticastTtl', socket => socket.setMulticastTTL(ttl))
  }

  /** Whether multicast reaches the sender's own machine. */
  setMulticastLoopback(on: boolean): void {
    this.#apply('setMulticastLoopback', socket => socket.setMulticastLoopback(on))
  }

  setBroadcast(on: boolean): void {
    this.#apply('setBroadcast', socket => socket.setBroadcast(on))
  }

  /** Hops of datagrams, 1 to 255. */
  setTtl(ttl: number): void {
    this.#apply('setTtl', socket => socket.setTTL(ttl))
  }

  /** The system's receive buffer, in bytes; Linux doubles what is set. */
  get recvBufferSize(): number {
    return this.#apply('recvBufferSize', socket => socket.getRecvBufferSize())
  }

  set recvBufferSize(bytes: number) {
    this.#apply('recvBufferSize', socket => socket.setRecvBufferSize(bytes))
  }

  /** The system's send buffer, in bytes; Linux doubles what is set. */
  get sendBufferSize(): number {
    return this.#apply('sendBufferSize', socket => socket.getSendBufferSize())
  }

  set sendBufferSize(bytes: number) {
    this.#apply('sendBufferSize', socket => socket.setSendBufferSize(bytes))
  }

  /** @throws {SocketsError} `ERR_NOT_BOUND`, `ERR_SOCKET_CLOSED` */
  getSockName(): InetAddr {
    return this.#apply('getSockName', socket => InetAddr.from(socket.address()))
  }

  /** @throws {SocketsError} `ERR_NOT_CONNECTED`, `ERR_SOCKET_CLOSED` */
  getPeerName(): InetAddr {
    this.#requirePeer('getPeerName')
    return this.#apply('getPeerName', socket => InetAddr.from(socket.remoteAddress()))
  }

  get isConnected(): boolean {
    return this.#connected
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** A bound socket keeps the process alive, unless by `unref()` it does not. */
  ref(): void {
    this.#apply('ref', socket => socket.ref())
  }

  unref(): void {
    this.#apply('unref', socket => socket.unref())
  }

  /** Closes the socket: readers fail, and datagrams that wait are dropped. What was sent before is sent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @throws {SocketsError} `ERR_NOT_BOUND`, `ERR_SOCKET_CLOSED` */
  protected socket(operation: string): Socket {
    this.#requireOpen(operation)
    if (this.#socket === undefined) throw new SocketsError('ERR_NOT_BOUND', undefined, { operation })
    return this.#socket
  }

  /** @throws {SocketsError} `ERR_ALREADY_BOUND`, and with the system's code. */
  protected async open(options: UdpBindOptions): Promise<void> {
    this.#requireOpen('bind')
    if (this.#opening !== undefined)
      throw new SocketsError('ERR_ALREADY_BOUND', undefined, { operation: 'bind' })
    this.#opening = this.#openSocket(options)
    try {
      await this.#opening
    } catch (error) {
      this.#opening = undefined
      throw error
    }
  }

  /** Binds a socket that is not bound for what is sent to `host`. */
  protected async ensureBound(host: string): Promise<Socket> {
    if (this.#socket === undefined) {
      const any = host.includes(':') ? IPv6.ANY : IPv4.ANY
      await (this.#opening ?? this.open({ host: any, port: 0 }))
    }
    return this.socket('send')
  }

  /** A literal of the socket's family, and the port. */
  protected async destination(to: UdpDestination, operation: string): Promise<[host: string, port: number]> {
    this.#requireOpen(operation)
    const port = destinationPort(to.port)
    const host = await resolveHost(to.host, this.#family, this.options.resolver)
    return [literalFor(host, this.#family ?? host.family, operation), port]
  }

  async #openSocket(options: UdpBindOptions): Promise<void> {
    const port = parsePort(options.port)
    const { host = this.#family === 6 ? IPv6.ANY : IPv4.ANY } = options
    const address = await resolveHost(host, this.#family, this.options.resolver)
    const family = this.#family ?? address.family
    const socket = await openSocket({
      host: literalFor(address, family, 'bind'),
      port,
      family,
      ipv6Only: options.ipv6Only ?? false,
      reuseAddress: options.reuseAddress ?? false,
      reusePort: options.reusePort ?? false,
      recvBufferSize: this.options.recvBufferSize,
      sendBufferSize: this.options.sendBufferSize,
    })
    this.#family = family
    this.#socket = socket
    socket.on('error', error => this.failed(toSocketsError(error, 'recv')))
    this.#requireOpen('bind')
    this.opened(socket, family)
  }

  async #close(): Promise<void> {
    this.closing(new SocketsError('ERR_SOCKET_CLOSED'))
    await this.#opening?.catch(() => {})
    const socket = this.#socket
    if (socket === undefined) return
    // What this turn has sent may not have reached the system yet: Node.js 22 sends in the next tick.
    await new Promise<void>(resolve => process.nextTick(resolve))
    await new Promise<void>(resolve => socket.close(resolve))
  }

  #apply<R>(operation: string, act: (socket: Socket) => R): R {
    const socket = this.socket(operation)
    try {
      return act(socket)
    } catch (error) {
      throw toSocketsError(error, operation)
    }
  }

  #requireOpen(operation: string): void {
    if (this.isClosed) throw new SocketsError('ERR_SOCKET_CLOSED', undefined, { operation })
  }

  #requirePeer(operation: string): void {
    this.#requireOpen(operation)
    if (!this.#connected) throw new SocketsError('ERR_NOT_CONNECTED', undefined, { operation })
  }
}
