/**
 * What `connect` and `listen` take as their first arguments.
 * @module
 */
import { InetAddr, type IPAddr, isIPAddr } from '../address/index.ts'
import type { Target } from '../engine/target.ts'
import { SocketsError } from '../errors.ts'

/** Either end's address: a port of this machine, an address with its port, a path, or either spelled out. */
export type Endpoint = number | string | InetAddr | Target
/** With a port of its own: a name, a literal or an address. */
export type Host = string | IPAddr

/**
 * Tells the forms apart: `(port)`, `(host, port)`, `(address)`, `(path)`, `({ host, port })`.
 *
 * @returns the target, and the options that follow it.
 * @throws {SocketsError} `ERR_NOT_SUPPORTED` for VSOCK addresses.
 */
export function toEndpoint<O extends object>(
  first: Endpoint | Host,
  second: number | O | undefined,
  third: O | undefined,
  operation: string,
): [Target, O] {
  const options = (typeof second === 'number' ? third : second) ?? ({} as O)
  if (typeof second === 'number') return [{ host: String(first), port: second }, options]
  if (typeof first === 'number') return [{ port: first }, options]
  if (typeof first === 'string') return [{ path: first }, options]
  if (first instanceof InetAddr) return [{ host: String(first.host), port: first.port }, options]
  if (isIPAddr(first)) throw new SocketsError('ERR_INVALID_PORT', `${first} has no port`, { operation })
  if ('cid' in first)
    throw new SocketsError('ERR_NOT_SUPPORTED', 'VSOCK sockets cannot be made from Node.js', { operation })
  return [first, options]
}
