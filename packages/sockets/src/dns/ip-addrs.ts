/**
 * The addresses of this machine.
 * @module
 */
import { networkInterfaces } from 'node:os'
import { type IPAddr, type IPFamily, IPv4, IPv6, parseIP } from '../address/index.ts'
import { SocketsError } from '../errors.ts'

export interface IpAddrsOptions {
  /** Only addresses of this family. */
  family?: IPFamily | undefined
  /** Loopback addresses as well. @default false */
  loopback?: boolean | undefined
}

/** IPv4 first, each family in the order of the interfaces. Link-local IPv6 addresses carry their zone (RFC 4007). */
export function getIpAddrs(options: IpAddrsOptions = {}): IPAddr[] {
  const { family, loopback = false } = options
  const v4: IPAddr[] = []
  const v6: IPAddr[] = []
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    for (const entry of entries ?? []) {
      if (entry.internal && !loopback) continue
      if (entry.family === 'IPv4') v4.push(IPv4.parse(entry.address))
      else v6.push(IPv6.parse(entry.address).withZone(zone(name, entry.scopeid)))
    }
  }
  return family === 4 ? v4 : family === 6 ? v6 : [...v4, ...v6]
}

/** Windows names zones by number, other systems by interface. */
function zone(name: string, scope: number | undefined): string {
  if (!scope) return ''
  return process.platform === 'win32' ? String(scope) : name
}

/**
 * An address of this machine, IPv4 where there is one.
 *
 * @throws {SocketsError} `EADDRNOTAVAIL` where no interface but loopback has an address.
 */
export function getIpAddr(options: Pick<IpAddrsOptions, 'family'> = {}): IPAddr {
  const [first] = getIpAddrs(options)
  if (first === undefined)
    throw new SocketsError('EADDRNOTAVAIL', 'no network interface has an address', { operation: 'getIpAddr' })
  return first
}

/**
 * Whether an address is good on its own link only: 169.254.0.0/16, fe80::/10.
 *
 * @throws {SocketsError} `ERR_INVALID_ADDRESS`
 */
export function isLinkLocal(address: IPAddr | string): boolean {
  return (typeof address === 'string' ? parseIP(address) : address).isLinkLocal
}
