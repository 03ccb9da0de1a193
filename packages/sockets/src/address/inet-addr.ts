/**
 * An address with a port.
 * @module
 */
import { SocketAddress } from 'node:net'
import { inspect } from 'node:util'
import { SocketsError } from '../errors.ts'
import type { Order } from './integer.ts'
import { type IPAddr, type IPFamily, parseIP } from './ip-addr.ts'
import { IPv4 } from './ipv4.ts'
import { IPv6 } from './ipv6.ts'
import { parsePort, tryParsePort } from './port.ts'

/** What Node calls an AddressInfo: of `server.address()`, or beside a datagram. */
export interface NodeAddress {
  readonly address: string
  readonly port: number
}

/** An address with a port: an immutable value. As a string it is `1.2.3.4:80` or `[::1]:80`. */
export class InetAddr {
  readonly host: IPAddr
  readonly port: number

  /** @throws {SocketsError} `ERR_INVALID_ADDRESS`, `ERR_INVALID_PORT` */
  constructor(host: IPAddr | string, port: number) {
    this.host = typeof host === 'string' ? parseIP(host) : host
    this.port = parsePort(port)
    Object.freeze(this)
  }

  /**
   * `1.2.3.4:80` or `[::1]:80`.
   *
   * @throws {SocketsError} `ERR_INVALID_ADDRESS`
   */
  static parse(text: string): InetAddr {
    const address = InetAddr.tryParse(text)
    if (address === undefined)
      throw new SocketsError(
        'ERR_INVALID_ADDRESS',
        `${JSON.stringify(text)} is not an address with a port (1.2.3.4:80, [::1]:80)`,
      )
    return address
  }

  /** As {@link InetAddr.parse}; undefined for other text. */
  static tryParse(text: string): InetAddr | undefined {
    if (typeof text !== 'string') return undefined
    const colon = text.lastIndexOf(':')
    if (colon < 0) return undefined
    const port = tryParsePort(text.slice(colon + 1))
    if (port === undefined) return undefined
    const host =
      text.startsWith('[') && text[colon - 1] === ']'
        ? IPv6.tryParse(text.slice(1, colon - 1))
        : IPv4.tryParse(text.slice(0, colon))
    return host === undefined ? undefined : new InetAddr(host, port)
  }

  /** From what Node's sockets tell: an AddressInfo, a datagram's source or a `net.SocketAddress`. */
  static from(address: NodeAddress): InetAddr {
    return new InetAddr(address.address, address.port)
  }

  get family(): IPFamily {
    return this.host.family
  }

  /** -1, 0 or 1: by host, then by port. */
  compare(other: InetAddr): Order {
    const order = this.host.compare(other.host)
    if (order !== 0) return order
    return this.port < other.port ? -1 : this.port > other.port ? 1 : 0
  }

  equals(other: InetAddr): boolean {
    return this.port === other.port && this.host.equals(other.host)
  }

  /** For Node's own calls, `net.BlockList` for one. A `net.SocketAddress` has no zone: it is left out. */
  toSocketAddress(): SocketAddress {
    const { host, port } = this
    if (host.family === 4) return new SocketAddress({ address: host.toString(), family: 'ipv4', port })
    return new SocketAddress({ address: host.withZone('').toString(), family: 'ipv6', port })
  }

  toString(): string {
    return this.host.family === 4 ? `${this.host}:${this.port}` : `[${this.host}]:${this.port}`
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return `InetAddr(${this})`
  }
}
