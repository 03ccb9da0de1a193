/**
 * The name of an address.
 * @module
 */
import { lookupService } from 'node:dns'
import { type IPAddr, parseIP } from '../address/index.ts'
import { DNSError } from '../errors.ts'

/**
 * The host name of an address, by the system's getnameinfo(3).
 *
 * @throws {DNSError} `ENOTFOUND` for an address without a name; the resolver's other codes.
 * @throws {SocketsError} `ERR_INVALID_ADDRESS`
 */
export async function getNameInfo(address: IPAddr | string): Promise<string> {
  const host = String(typeof address === 'string' ? parseIP(address) : address)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  lookupService(host, 0, (error, hostname) => {
    if (error)
      reject(new DNSError(host, error.code ?? 'ENOTFOUND', { operation: 'getNameInfo', cause: error }))
    else resolve(hostname)
  })
  return promise
}
