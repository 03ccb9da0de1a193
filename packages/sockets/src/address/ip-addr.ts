/**
 * Addresses of either family, and literals of them in code.
 * @module
 */
import { SocketsError } from '../errors.ts'
import type { Order } from './integer.ts'
import { IPv4 } from './ipv4.ts'
import { IPv6 } from './ipv6.ts'

/** An address of either family; `family` tells which. */
export type IPAddr = IPv4 | IPv6

/** As IP headers number it, and as Node's `family` options do. */
export type IPFamily = 4 | 6

/** An address of either family; undefined for other text. */
export function tryParseIP(text: string): IPAddr | undefined {
  return IPv4.tryParse(text) ?? IPv6.tryParse(text)
}

/**
 * An address of either family.
 *
 * @throws {SocketsError} `ERR_INVALID_ADDRESS`
 */
export function parseIP(text: string): IPAddr {
  const address = tryParseIP(text)
  if (address === undefined)
    throw new SocketsError('ERR_INVALID_ADDRESS', `${JSON.stringify(text)} is not an IP address`)
  return address
}

/** Whether `value` is an address as {@link parseIP} makes them. */
export function isIPAddr(value: unknown): value is IPAddr {
  if (typeof value !== 'object' || value === null) return false
  const { family, value: bits } = value as Partial<IPAddr>
  return (family === 4 && typeof bits === 'number') || (family === 6 && typeof bits === 'bigint')
}

/** For `sort()`: IPv4 before IPv6, then by value, then by zone. */
export function compareIP(a: IPAddr, b: IPAddr): Order {
  return a.compare(b)
}

/** Four bytes are IPv4, sixteen are IPv6. @throws {SocketsError} `ERR_INVALID_ADDRESS` */
export function ipFromBytes(bytes: Uint8Array): IPAddr {
  return bytes.length === 4 ? IPv4.fromBytes(bytes) : IPv6.fromBytes(bytes)
}

/**
 * An address literal: `` ip`127.0.0.1` ``, `` ip`10.0.0.${n}` ``.
 *
 * @throws {SocketsError} `ERR_INVALID_ADDRESS`
 */
export function ip(strings: TemplateStringsArray, ...values: readonly (string | number | IPAddr)[]): IPAddr {
  return parseIP(String.raw(strings, ...values))
}
