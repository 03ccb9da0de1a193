/**
 * By what an address is counted.
 * @module
 */
import { isIPv6 } from 'node:net'

/** Groups of an IPv6 address that name a network: one subscriber has all of the addresses behind them (RFC 6177). */
const NETWORK_GROUPS = 4

/** An IPv4 address as it is, an IPv6 address by its /64; anything else, such as a path, as it is. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped) return mapped[1]!
  const [bare = ''] = address.split('%', 1)
  const [head = '', tail] = bare.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups =
    tail === undefined
      ? before
      : [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after]
  const network = groups.slice(0, NETWORK_GROUPS).map(group => Number.parseInt(group, 16).toString(16))
  return `${network.join(':')}::/64`
}
