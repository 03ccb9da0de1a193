/**
 * The addresses of a name, asked of the system at each call.
 * @module
 */
import { type IPAddr, type IPFamily, tryParseIP } from '../address/index.ts'
import { DNSError } from '../errors.ts'
import { systemBackend } from './backend.ts'
import { checkHost } from './host.ts'

export interface AddrInfoOptions {
  /** Only addresses of this family. */
  family?: IPFamily | undefined
}

/**
 * All addresses of a name, in the order the system prefers (RFC 6724). A literal is its own answer.
 *
 * @throws {DNSError} with the resolver's code: `ENOTFOUND`, `EAI_AGAIN` …
 * @throws {SocketsError} `ERR_INVALID_HOST`
 */
export async function getAllAddrInfo(host: string, options: AddrInfoOptions = {}): Promise<IPAddr[]> {
  const { family = 0 } = options
  const literal = tryParseIP(host)
  if (literal !== undefined) return [ofFamily(host, literal, family)]
  checkHost(host)
  const { addresses } = await systemBackend(host, family)
  return [...addresses]
}

/** The address of a name that the system prefers. Failures as of {@link getAllAddrInfo}. */
export async function getAddrInfo(host: string, options: AddrInfoOptions = {}): Promise<IPAddr> {
  const [first] = await getAllAddrInfo(host, options)
  if (first === undefined) throw new DNSError(host, 'ENODATA')
  return first
}

/** @throws {DNSError} `ENOTFOUND`, as getaddrinfo(3) fails for a literal of the other family. */
export function ofFamily(host: string, literal: IPAddr, family: 0 | IPFamily): IPAddr {
  if (family !== 0 && literal.family !== family) throw new DNSError(host, 'ENOTFOUND')
  return literal
}
