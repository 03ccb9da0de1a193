/**
 * The address of a peer, from the two fields that cross.
 * @module
 */
import type { Addr } from '../types.ts'

/** A port below zero marks a local socket, whose address is its path. */
export function toAddr(address: string, port: number): Addr {
  if (port < 0) return { address, port: 0, family: 'local' }
  return { address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' }
}
