/**
 * Mode 43 in the owner's thread.
 * @module
 */
import { type OwnerHalf, SocketError } from '@unisock/kernel/plugin'

/** The eventfd's counter was read, and is 0 again; with EXTERNAL_EVENTFD_SEMAPHORE it is 1 less. */
export interface EventfdMessage {
  readonly event_type: 'signal'
  /** A bigint beyond what a number holds exactly. */
  readonly counter_value: number | bigint
}

/** What is added to the counter; eight bytes are a count in little-endian. */
export type EventfdWrite = number | bigint | Uint8Array

/** eventfd(2): the counter holds less than 2⁶⁴ - 1. */
const MAX_COUNT = 2n ** 64n - 2n

/** Crosses as a number, and as text where a number would not be exact. */
export const eventfdOwner: OwnerHalf = {
  encode(data: EventfdWrite): number | string {
    const count = toCount(data)
    if (count < 0n || count > MAX_COUNT)
      throw new SocketError('EINVAL', `an eventfd takes counts from 0 to 2^64-2, not ${count}`, {
        op: 'write',
      })
    return count <= Number.MAX_SAFE_INTEGER ? Number(count) : String(count)
  },
  receive: (wire: number | string): EventfdMessage => ({
    event_type: 'signal',
    counter_value: typeof wire === 'number' ? wire : BigInt(wire),
  }),
}

function toCount(data: unknown): bigint {
  if (typeof data === 'bigint') return data
  if (typeof data === 'number') {
    if (Number.isSafeInteger(data)) return BigInt(data)
    throw new SocketError('EINVAL', `${data} is no whole number that a number holds exactly`, { op: 'write' })
  }
  if (!(data instanceof Uint8Array))
    throw new SocketError('ETYPENOTSUPP', 'an eventfd takes numbers, bigints and eight bytes', {
      op: 'write',
    })
  if (data.length !== 8)
    throw new SocketError('EINVAL', `an eventfd takes eight bytes at a time, not ${data.length}`, {
      op: 'write',
    })
  return new DataView(data.buffer, data.byteOffset, 8).getBigUint64(0, true)
}
