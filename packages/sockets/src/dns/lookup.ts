/**
 * A resolver in the form of dns.lookup.
 * @module
 */
import type { LookupAddress, LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { IPAddr, IPFamily } from '../address/index.ts'
import type { AddrInfoOptions } from './addr-info.ts'

interface Resolves {
  resolve(host: string, options: AddrInfoOptions): Promise<IPAddr[]>
}

type Callback = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

/**
 * Takes `(hostname, options, callback)` and `(hostname, callback)`, with `family`, `all` and `order` of dns.lookup's
 * options; `hints` do not apply. The callback runs in a later turn, also for literals.
 */
export function createLookup(resolver: Resolves): LookupFunction {
  const lookup = (hostname: string, options: LookupOptions | number | Callback, given?: Callback): void => {
    const callback = typeof options === 'function' ? options : given!
    const settings =
      typeof options === 'number' ? { family: options } : typeof options === 'object' ? options : {}
    const family = toFamily(settings.family)
    resolver.resolve(hostname, { family }).then(
      addresses =>
        process.nextTick(answer, callback, ordered(addresses, settings.order), settings.all === true),
      error => process.nextTick(callback, error, settings.all === true ? [] : ''),
    )
  }
  return lookup as LookupFunction
}

function toFamily(family: LookupOptions['family']): IPFamily | undefined {
  if (family === 4 || family === 'IPv4') return 4
  if (family === 6 || family === 'IPv6') return 6
  return undefined
}

function ordered(addresses: IPAddr[], order: LookupOptions['order']): IPAddr[] {
  if (order === 'ipv4first') return addresses.sort((a, b) => a.family - b.family)
  if (order === 'ipv6first') return addresses.sort((a, b) => b.family - a.family)
  return addresses
}

function answer(callback: Callback, addresses: readonly IPAddr[], all: boolean): void {
  if (all)
    return callback(
      null,
      addresses.map(it => ({ address: String(it), family: it.family })),
    )
  callback(null, String(addresses[0]), addresses[0]!.family)
}
