/**
 * IPv4 addresses.
 * @module
 */
import { inspect } from 'node:util'
import { SocketsError } from '../errors.ts'
import { checkedInteger, checkedSum, type Order } from './integer.ts'
import { INVALID, parseIPv4, printIPv4 } from './ipv4-text.ts'
import { IPv6 } from './ipv6.ts'

const MAX = 0xffff_ffff
const MAPPED_PREFIX = 0xffff_0000_0000n

/** An IPv4 address: an immutable value. `a < b` compares two of them; as a string it is its dotted form. */
export class IPv4 {
  readonly family = 4
  /** The address as an unsigned 32-bit integer, first octet highest. */
  readonly value: number

  /** `0.0.0.0` */
  static readonly ANY = new IPv4(0)
  /** `127.0.0.1` */
  static readonly LOOPBACK = new IPv4(0x7f00_0001)
  /** `255.255.255.255` */
  static readonly BROADCAST = new IPv4(MAX)

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE` unless `value` is an integer of 32 bits. */
  constructor(value: number) {
    if (!Number.isInteger(value) || value < 0 || value > MAX)
      throw new SocketsError('ERR_OUT_OF_RANGE', `${String(value)} is not an integer from 0 to ${MAX}`)
    this.value = value
    Object.freeze(this)
  }

  /**
   * Four decimal octets, as inet_pton(3) takes them: no octal, no leading zeros, no short forms.
   *
   * @throws {SocketsError} `ERR_INVALID_ADDRESS`
   */
  static parse(text: string): IPv4 {
    const address = IPv4.tryParse(text)
    if (address === undefined)
      throw new SocketsError('ERR_INVALID_ADDRESS', `${JSON.stringify(text)} is not an IPv4 address`)
    return address
  }

  /** As {@link IPv4.parse}; undefined for what is no IPv4 address. */
  static tryParse(text: string): IPv4 | undefined {
    const value = typeof text === 'string' ? parseIPv4(text) : INVALID
    return value === INVALID ? undefined : new IPv4(value)
  }

  /** @throws {SocketsError} `ERR_INVALID_ADDRESS` unless there are four bytes. */
  static fromBytes(bytes: Uint8Array): IPv4 {
    if (bytes.length !== 4)
      throw new SocketsError('ERR_INVALID_ADDRESS', `an IPv4 address has 4 bytes, not ${bytes.length}`)
    return new IPv4(((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0)
  }

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE` unless `value` has 32 bits. */
  static fromBigInt(value: bigint): IPv4 {
    return new IPv4(Number(checkedInteger(value, BigInt(MAX))))
  }

  get isUnspecified(): boolean {
    return this.value === 0
  }

  /** 127.0.0.0/8 (RFC 1122 section 3.2.1.3). */
  get isLoopback(): boolean {
    return this.value >>> 24 === 127
  }

  /** 169.254.0.0/16 (RFC 3927). */
  get isLinkLocal(): boolean {
    return this.value >>> 16 === 0xa9fe
  }

  /** 224.0.0.0/4 (RFC 5771). */
  get isMulticast(): boolean {
    return this.value >>> 28 === 0xe
  }

  /** 10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 (RFC 1918). */
  get isPrivate(): boolean {
    return this.value >>> 24 === 10 || this.value >>> 20 === 0xac1 || this.value >>> 16 === 0xc0a8
  }

  /** The limited broadcast address 255.255.255.255 (RFC 919). */
  get isBroadcast(): boolean {
    return this.value === MAX
  }

  /** -1, 0 or 1. Every IPv4 address comes before every IPv6 address. */
  compare(other: IPv4 | IPv6): Order {
    if (other.family === 6) return -1
    return this.value < other.value ? -1 : this.value > other.value ? 1 : 0
  }

  equals(other: IPv4 | IPv6): boolean {
    return other.family === 4 && this.value === other.value
  }

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE` where the result is no IPv4 address. */
  add(count: number | bigint): IPv4 {
    return IPv4.fromBigInt(checkedSum(BigInt(this.value), count))
  }

  /** @throws {SocketsError} `ERR_OUT_OF_RANGE` where the result is no IPv4 address. */
  subtract(count: number | bigint): IPv4 {
    return IPv4.fromBigInt(checkedSum(BigInt(this.value), count, -1n))
  }

  /** What is to be added to this address to get `other`. */
  distance(other: IPv4): bigint {
    return BigInt(other.value) - BigInt(this.value)
  }

  /** The IPv4-mapped IPv6 address `::ffff:a.b.c.d` (RFC 4291 section 2.5.5.2). */
  toIPv6(): IPv6 {
    return new IPv6(MAPPED_PREFIX | BigInt(this.value))
  }

  /** Four bytes in network order. */
  toBytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.of(this.value >>> 24, this.value >>> 16, this.value >>> 8, this.value)
  }

  toBigInt(): bigint {
    return BigInt(this.value)
  }

  toString(): string {
    return printIPv4(this.value)
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.toPrimitive](hint: string): string | number {
    return hint === 'number' ? this.value : this.toString()
  }

  [inspect.custom](): string {
    return `IPv4(${this})`
  }
}
