/**
 * Datagram modes in the owner's thread. A datagram crosses as `[address, port, data]`.
 * @module
 */
import { isIPv6 } from 'node:net'
import { type Addr, type OwnerHalf, SocketError } from '@unisock/kernel/plugin'
import { assertText } from './bytes.ts'

/** A datagram and where it goes: to the connected peer without `port`. */
export interface DatagramTo {
  data: string | Uint8Array
  /** @default '127.0.0.1' */
  host?: string
  port: number
}

/** What a datagram mode's `write` takes: data for the connected peer, or data with its address. */
export type DatagramWrite = string | Uint8Array | DatagramTo

type ReceivedWire = [address: string, port: number, data: Buffer | string]

const sender = ([address, port]: ReceivedWire): Addr => ({
  address,
  port,
  family: isIPv6(address) ? 'IPv6' : 'IPv4',
})

function encode(data: DatagramWrite): unknown {
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  if (typeof data !== 'object' || data === null || !('data' in data)) return assertText(data)
  const { data: payload, host = '127.0.0.1', port } = data
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new SocketError('EBADADDR', `port ${String(port)} is not an integer from 1 to 65535`, {
      op: 'write',
    })
  if (typeof host !== 'string' || host === '')
    throw new SocketError('EBADADDR', 'host must be a string that is not empty', { op: 'write' })
  return [host, port, assertText(payload)]
}

export const binaryDatagramOwner: OwnerHalf = { encode, sender, receive: (wire: ReceivedWire) => wire[2] }

/** A datagram that is no text comes as a Buffer, as in FluffOS. */
export const textDatagramOwner: OwnerHalf = { encode, sender, receive: (wire: ReceivedWire) => wire[2] }
