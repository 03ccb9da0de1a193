/**
 * Port numbers.
 * @module
 */
import { SocketsError } from '../errors.ts'

const MAX_PORT = 65_535

/** A port from an integer or its decimal digits (no sign, no leading zero); undefined for anything else. */
export function tryParsePort(value: unknown): number | undefined {
  if (typeof value === 'number')
    return Number.isInteger(value) && value >= 0 && value <= MAX_PORT ? value : undefined
  if (typeof value !== 'string' || value.length === 0 || value.length > 5) return undefined
  if (value.length > 1 && value.charCodeAt(0) === 0x30) return undefined
  let port = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return undefined
    port = port * 10 + digit
  }
  return port <= MAX_PORT ? port : undefined
}

/**
 * A port from 0 to 65535, given as an integer or as its decimal digits.
 *
 * @throws {SocketsError} `ERR_INVALID_PORT`
 */
export function parsePort(value: unknown): number {
  const port = tryParsePort(value)
  if (port === undefined)
    throw new SocketsError(
      'ERR_INVALID_PORT',
      `${describe(value)} is not a port (an integer from 0 to 65535)`,
    )
  return port
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
