/**
 * Which peers are believed.
 * @module
 */
import { BlockList, isIP } from 'node:net'
import type { Addr } from '@unisock/kernel/plugin'

/** The peers of a unix socket: what may open it is the file's mode. */
export const UNIX = 'unix'
/** This machine. */
export const LOCAL_PEERS: readonly string[] = ['127.0.0.0/8', '::1/128', UNIX]

export class TrustedPeers {
  readonly #addresses = new BlockList()
  #unix = false
  #last: string | undefined
  #lastTrusted = false

  /** @throws {Error} for an entry that is no address, no network in CIDR notation and not `unix`. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry)
  }

  /** Whether a peer's word is believed. */
  has({ family, address }: Addr): boolean {
    return family === 'local' ? this.#unix : this.hasAddress(address)
  }

  hasAddress(address: string): boolean {
    if (address === this.#last) return this.#lastTrusted
    const version = isIP(address)
    this.#last = address
    this.#lastTrusted = version !== 0 && this.#addresses.check(address, version === 6 ? 'ipv6' : 'ipv4')
    return this.#lastTrusted
  }

  #add(entry: string): void {
    if (entry === UNIX) {
      this.#unix = true
      return
    }
    const [address = '', prefix, more] = entry.split('/')
    const version = isIP(address)
    const family = version === 6 ? 'ipv6' : 'ipv4'
    const bits = version === 6 ? 128 : 32
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
    if (version === 0 || more !== undefined || length < 0 || length > bits)
      throw new Error(`${JSON.stringify(entry)} is no address, no network such as 10.0.0.0/8, and not "unix"`)
    this.#addresses.addSubnet(address, length, family)
  }
}

/** @throws {Error} for an entry that names no peer. */
export function parsePeers(entries: readonly string[]): TrustedPeers {
  return new TrustedPeers(entries)
}
