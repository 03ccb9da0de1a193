/**
 * Multicast groups.
 * @module
 */
import type { Socket } from 'node:dgram'
import { type IPAddr, type IPFamily, parseIP, tryParseIP } from '../address/index.ts'
import { interfaceAddress } from '../engine/interface.ts'
import { SocketsError } from '../errors.ts'

export interface GroupOptions {
  /** The network interface, by name or by address. @default the system's choice */
  interface?: string | IPAddr | undefined
  /** Only datagrams of this source (RFC 4607). */
  source?: string | IPAddr | undefined
}

type Membership = 'join' | 'leave'

/** @throws {SocketsError} `ERR_INVALID_ADDRESS`; the system's codes come from `socket`. */
export function changeMembership(
  socket: Socket,
  family: IPFamily,
  change: Membership,
  group: string | IPAddr,
  options: GroupOptions,
): void {
  const address = typeof group === 'string' ? parseIP(group) : group
  if (!address.isMulticast)
    throw new SocketsError('ERR_INVALID_ADDRESS', `${address} is no multicast group`, {
      operation: `${change}Group`,
    })
  const via = options.interface === undefined ? undefined : toInterface(options.interface, family)
  if (options.source === undefined) {
    if (change === 'join') socket.addMembership(String(address), via)
    else socket.dropMembership(String(address), via)
    return
  }
  const source = String(typeof options.source === 'string' ? parseIP(options.source) : options.source)
  if (change === 'join') socket.addSourceSpecificMembership(source, String(address), via)
  else socket.dropSourceSpecificMembership(source, String(address), via)
}

/**
 * As the system names interfaces: by an IPv4 address of theirs, or by the zone of an IPv6 address.
 *
 * @throws {SocketsError} `ERR_INVALID_SOURCE_HOST` for an interface that is not there.
 */
export function toInterface(name: string | IPAddr, family: IPFamily): string {
  if (typeof name !== 'string') return String(name)
  if (tryParseIP(name) !== undefined) return name
  const address = interfaceAddress(name, family)
  return family === 4 ? address : `::%${name}`
}
