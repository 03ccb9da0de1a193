/**
 * Connecting, in one call.
 * @module
 */
import type { InetAddr } from '../address/index.ts'
import type { DialOptions } from '../engine/dial.ts'
import type { Target } from '../engine/target.ts'
import { type Endpoint, type Host, toEndpoint } from './endpoint.ts'
import { TcpSocket } from './tcp-socket.ts'

/**
 * Connects to a port of this machine, a host and port, an address, or the path of a local socket: also to what
 * {@link TcpServer.getSockName} gives.
 *
 * @example const socket = await connect('example.org', 443, { tls: {} })
 * @throws {SocketsError} see {@link dial}.
 */
export function connect(port: number, options?: DialOptions): Promise<TcpSocket>
export function connect(host: Host, port: number, options?: DialOptions): Promise<TcpSocket>
export function connect(to: InetAddr | Target | string, options?: DialOptions): Promise<TcpSocket>
export async function connect(
  first: Endpoint | Host,
  second?: number | DialOptions,
  third?: DialOptions,
): Promise<TcpSocket> {
  const [to, options] = toEndpoint(first, second, third, 'connect')
  return new TcpSocket().connect(to, options)
}
