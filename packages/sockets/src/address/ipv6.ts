/**
 * IPv6 addresses.
 * @module
 */
import { inspect } from 'node:util'
import { SocketsError } from '../errors.ts'
import { checkedInteger, checkedSum, type Order } from './integer.ts'
import { IPv4 } from './ipv4.ts'
import { isZone, parseGroups, printGroups } from './ipv6-text.ts'

const MAX = (1n << 128n) - 1n
const MAPPED_PREFIX = 0xffffn

/**
 * An IPv6 address with its zone (RFC 4007), if it has one: an immutable value. `a < b` compares the 128 bits of two
 * of them; as a string it is its canonical form (RFC 5952). An IPv4-mapped address is classified as the IPv4 address
 * it carries, since that is where its packets go.
 */
export class IPv6 {
  readonly family = 6
  /** The address as an unsigned 128-bit integer. */
  readonly value: bigint
  /** The interface a scoped address belongs to, `eth0` or `4`; empty for none. */
  readonly zone: string

  /** `::` */
  static readonly ANY = new IPv6(0n)
  /** `::1` */
  static readonly LOOPBACK = new IPv6(1n)

  /**
   * @throws {SocketsError} `ERR_OUT_OF_RANGE` unless `value` is an integer of 128 bits, `ERR_INVALID_ADDRESS` for a
   * zone with spaces or delimiters.
   */
  constructor(value: bigint, zone = '') {
    this.value = checkedInteger(value, MAX)
    if (zone !== '' && !isZone(zone))
      throw new SocketsError('ERR_INVALID_ADDRESS', `${JSON.stringify(zone)} is not a zone`)
    this.zone = zone
    Object.freeze(this)
  }

  /**
   * The forms of RFC 4291 section 2.2, an IPv4 address at the end included, and a zone after `%` (RFC 4007 section
   * 11). The percent-encoded `%25` of URIs (RFC 6874) is not decoded.
   *
   * @throws {SocketsError} `ERR_INVALID_ADDRESS`
   */
  static parse(text: string): IPv6 {
    const address = IPv6.tryParse(text)
    if (address === undefined)
      throw new SocketsError('ERR_INVALID_ADDRESS', `${JSON.stringify(text)} is not an IPv6 address`)
    return address
  }

  /** As {@link IPv6.parse}; undefined for what is no IPv6 address. */
  static tryParse(text: string): IPv6 | undefined {
    if (typeof text !== 'string') return undefined
    const percent = text.indexOf('%')
    const zone = percent < 0 ? '' : text.slice(percent + 1)
    if (percent >= 0 && !isZone(zone)) return undefined
    const groups = parseGroups(percent < 0 ? text : text.slice(0, percent))
    return groups === undefined ? undefined : new IPv6(toValue(groups), zone)
  }

  /** @throws {SocketsError} `ERR_INVALID_ADDRESS` unless there are 16 bytes. */
  static fromBytes(bytes: Uint8Array, zone = ''): IPv6 {
    if (bytes.length !== 16)
      throw new SocketsError('ERR_INVALID_ADDRESS', `an IPv6 address has 16 bytes, not ${bytes.length}`)
    const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
    return new IPv6((view.getBigUint64(0) << 64n) | view.getBigUint64(8), zone)
  }

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE` unless `value` has 128 bits. */
  static fromBigInt(value: bigint, zone = ''): IPv6 {
    return new IPv6(value, zone)
  }

  /** Whether this is an IPv4-mapped address, ::ffff:0:0/96 (RFC 4291 section 2.5.5.2). */
  get isIPv4Mapped(): boolean {
    return this.value >> 32n === MAPPED_PREFIX
  }

  get isUnspecified(): boolean {
    return this.value === 0n || (this.toIPv4()?.isUnspecified ?? false)
  }

  /** ::1 (RFC 4291 section 2.5.3). */
  get isLoopback(): boolean {
    return this.value === 1n || (this.toIPv4()?.isLoopback ?? false)
  }

  /** fe80::/10 (RFC 4291 section 2.5.6). */
  get isLinkLocal(): boolean {
    return this.value >> 118n === 0x3fan || (this.toIPv4()?.isLinkLocal ?? false)
  }

  /** ff00::/8 (RFC 4291 section 2.7). */
  get isMulticast(): boolean {
    return this.value >> 120n === 0xffn || (this.toIPv4()?.isMulticast ?? false)
  }

  /** Unique local addresses, fc00::/7 (RFC 4193). */
  get isPrivate(): boolean {
    return this.value >> 121n === 0x7en || (this.toIPv4()?.isPrivate ?? false)
  }

  /** -1, 0 or 1: by value, then by zone. Every IPv4 address comes before every IPv6 address. */
  compare(other: IPv4 | IPv6): Order {
    if (other.family === 4) return 1
    if (this.value !== other.value) return this.value < other.value ? -1 : 1
    return this.zone < other.zone ? -1 : this.zone > other.zone ? 1 : 0
  }

  equals(other: IPv4 | IPv6): boolean {
    return other.family === 6 && this.value === other.value && this.zone === other.zone
  }

  /**
   * The zone stays.
   *
   * @throws {SocketsError} `ERR_OUT_OF_RANGE` where the result is no IPv6 address.
   */
  add(count: number | bigint): IPv6 {
    return new IPv6(checkedSum(this.value, count), this.zone)
  }

  /**
   * The zone stays.
   *
   * @throws {SocketsError} `ERR_OUT_OF_RANGE` where the result is no IPv6 address.
   */
  subtract(count: number | bigint): IPv6 {
    return new IPv6(checkedSum(this.value, count, -1n), this.zone)
  }

  /** What is to be added to this address to get `other`; zones do not count. */
  distance(other: IPv6): bigint {
    return other.value - this.value
  }

  /** The same address in another zone; an empty zone for none. */
  withZone(zone: string): IPv6 {
    return new IPv6(this.value, zone)
  }

  /** The IPv4 address a mapped address carries; undefined for other addresses. */
  toIPv4(): IPv4 | undefined {
    return this.isIPv4Mapped ? new IPv4(Number(this.value & 0xffff_ffffn)) : undefined
  }

  /** Sixteen bytes in network order; the zone is not in them. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(16)
    const view = new DataView(bytes.buffer)
    view.setBigUint64(0, this.value >> 64n)
    view.setBigUint64(8, this.value & 0xffff_ffff_ffff_ffffn)
    return bytes
  }

  toBigInt(): bigint {
    return this.value
  }

  toString(): string {
    const text = printGroups(toGroups(this.value))
    return this.zone === '' ? text : `${text}%${this.zone}`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.toPrimitive](hint: string): string | bigint {
    return hint === 'number' ? this.value : this.toString()
  }

  [inspect.custom](): string {
    return `IPv6(${this})`
  }
}

function toValue(groups: readonly number[]): bigint {
  const high = BigInt(groups[0]! * 0x1_0000 + groups[1]!)
  const upper = BigInt(groups[2]! * 0x1_0000 + groups[3]!)
  const lower = BigInt(groups[4]! * 0x1_0000 + groups[5]!)
  const low = BigInt(groups[6]! * 0x1_0000 + groups[7]!)
  return (high << 96n) | (upper << 64n) | (lower << 32n) | low
}

function toGroups(value: bigint): number[] {
  const groups: number[] = []
  for (let shift = 96n; shift >= 0n; shift -= 32n) {
    const word = Number((value >> shift) & 0xffff_ffffn)
    groups.push(word >>> 16, word & 0xffff)
  }
  return groups
}
