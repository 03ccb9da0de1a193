/**
 * Checks of what a store is asked: a caller may be another worker.
 * @module
 */
import { SocketError } from '../errors.ts'
import type { StoreLimits } from './limits.ts'

/** A key, or the name of a stream, counter or channel. @throws SocketError EINVAL, EMSGSIZE */
export function nameOf(value: unknown, what: string, { nameLength }: StoreLimits): string {
  if (typeof value !== 'string') throw invalid(`${what} is no string`)
  if (value.length > nameLength)
    throw new SocketError('EMSGSIZE', `${what} is longer than ${nameLength} characters`)
  return value
}

/** A name as it is given by a program: on its way half a surrogate pair would become another name. @throws SocketError EINVAL */
export function sendableName(name: string): string {
  if (typeof name !== 'string') throw invalid('a name is no string')
  if (!name.isWellFormed()) throw invalid('a name has half a surrogate pair')
  return name
}

/** A packed value. @throws SocketError EINVAL, EMSGSIZE */
export function bytesOf(value: unknown, { valueBytes }: StoreLimits): Uint8Array {
  if (!(value instanceof Uint8Array)) throw invalid('a value is not packed')
  if (value.length <= valueBytes) return value
  throw new SocketError('EMSGSIZE', `a value of ${value.length} bytes is larger than ${valueBytes}`)
}

/** An integer within bounds. @throws SocketError EINVAL */
export function integerOf(value: unknown, what: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value
  throw invalid(`${what} is not an integer from ${least} to ${most}`)
}

/** As `integerOf`; null is the default. @throws SocketError EINVAL */
export function integerOr<T>(
  value: unknown,
  byDefault: T,
  what: string,
  least: number,
  most: number,
): number | T {
  return value == null ? byDefault : integerOf(value, what, least, most)
}

/** Milliseconds; null is forever. @throws SocketError EINVAL */
export function durationOf(value: unknown, what: string): number {
  return integerOr(value, Number.POSITIVE_INFINITY, what, 1, Number.MAX_SAFE_INTEGER)
}

/** @throws SocketError EINVAL */
export function flagOf(value: unknown, what: string): boolean {
  if (value == null) return false
  if (typeof value === 'boolean') return value
  throw invalid(`${what} is neither true nor false`)
}

export function invalid(what: string): SocketError {
  return new SocketError('EINVAL', `the store was asked what it cannot do: ${what}`)
}
