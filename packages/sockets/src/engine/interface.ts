/**
 * Network interfaces by name.
 * @module
 */
import { networkInterfaces } from 'node:os'
import { SocketsError } from '../errors.ts'

/**
 * An address of the interface to connect from; with IPv6's link-local ones last.
 *
 * @throws {SocketsError} `ERR_INVALID_SOURCE_HOST` when there is no such interface, or it has no address of the family.
 */
export function interfaceAddress(name: string, family?: 4 | 6): string {
  const all = networkInterfaces()[name]
  if (!all)
    throw new SocketsError('ERR_INVALID_SOURCE_HOST', `no network interface is named ${name}`, {
      operation: 'connect',
    })
  const fitting = all.filter(entry => family === undefined || entry.family === `IPv${family}`)
  const found = fitting.find(entry => entry.family === 'IPv4' || entry.scopeid === 0) ?? fitting[0]
  if (!found)
    throw new SocketsError('ERR_INVALID_SOURCE_HOST', `interface ${name} has no IPv${family} address`, {
      operation: 'connect',
    })
  return found.family === 'IPv6' && found.scopeid ? `${found.address}%${name}` : found.address
}
