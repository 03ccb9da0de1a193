/**
 * Integer arithmetic with limits, for addresses.
 * @module
 */
import { SocketsError } from '../errors.ts'

/** How two values stand in order. */
export type Order = -1 | 0 | 1

/** @throws {SocketsError} `ERR_OUT_OF_RANGE` unless `value` is an integer from 0 to `max`. */
export function checkedInteger(value: number | bigint, max: bigint): bigint {
  const integer = toInteger(value)
  if (integer < 0n || integer > max)
    throw new SocketsError('ERR_OUT_OF_RANGE', `${value} is not between 0 and ${max}`)
  return integer
}

/** @throws {SocketsError} `ERR_OUT_OF_RANGE` unless `count` is an integer. */
export function checkedSum(value: bigint, count: number | bigint, sign: 1n | -1n = 1n): bigint {
  return value + sign * toInteger(count)
}

function toInteger(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value
  if (!Number.isSafeInteger(value))
    throw new SocketsError('ERR_OUT_OF_RANGE', `${String(value)} is not a safe integer`)
  return BigInt(value)
}
