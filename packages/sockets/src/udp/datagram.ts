/**
 * Datagrams, and where they come from and go to.
 * @module
 */
import {
  InetAddr,
  type IPAddr,
  type IPFamily,
  isIPAddr,
  parseIP,
  parsePort,
  tryParseIP,
} from '../address/index.ts'
import { type HostResolver, hostResolver } from '../dns/index.ts'
import { SocketsError } from '../errors.ts'

/** One datagram. A zero-length one has empty `data`. */
export interface Datagram {
  readonly data: Buffer
  readonly from: InetAddr
}

/** An address with its port, or a name with one. */
export type UdpDestination = InetAddr | { readonly host: string | IPAddr; readonly port: number }

/** A datagram as the system gives it. */
export interface RawDatagram {
  readonly data: Buffer
  readonly address: string
  readonly port: number
}

const MAX_SOURCES = 1024
const sources = new Map<string, IPAddr>()

/** Datagrams come from few hosts, again and again: their addresses are parsed once. */
export function sourceOf(address: string, port: number): InetAddr {
  let host = sources.get(address)
  if (host === undefined) {
    host = parseIP(address)
    if (sources.size >= MAX_SOURCES) sources.clear()
    sources.set(address, host)
  }
  return new InetAddr(host, port)
}

/**
 * The literal a socket of `family` takes for `host`: IPv4 addresses are mapped for IPv6 sockets and back.
 *
 * @throws {SocketsError} `EAFNOSUPPORT` for an IPv6 address on an IPv4 socket.
 */
export function literalFor(host: IPAddr, family: IPFamily, operation: string): string {
  if (host.family === family) return host.toString()
  const other = host.family === 4 ? host.toIPv6() : host.toIPv4()
  if (other === undefined)
    throw new SocketsError('EAFNOSUPPORT', `${host} cannot be reached from an IPv4 socket`, { operation })
  return other.toString()
}

/**
 * The address of a host, from the cache of names unless it is a literal.
 *
 * @throws {DNSError} with the resolver's code.
 * @throws {SocketsError} `ERR_INVALID_HOST`
 */
export async function resolveHost(
  host: string | IPAddr,
  family: IPFamily | undefined,
  resolver: HostResolver = hostResolver,
): Promise<IPAddr> {
  const known = isIPAddr(host) ? host : tryParseIP(host)
  if (known !== undefined) return known
  const [first] = await resolver.resolve(String(host), { family: family === 4 ? 4 : undefined })
  return first!
}

/** @throws {SocketsError} `ERR_INVALID_PORT`, also for 0: nothing can be sent there. */
export function destinationPort(port: number): number {
  if (parsePort(port) === 0) throw new SocketsError('ERR_INVALID_PORT', 'nothing can be sent to port 0')
  return port
}
