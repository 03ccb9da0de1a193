/**
 * Listening, in one call.
 * @module
 */
import type { InetAddr } from '../address/index.ts'
import { isExpectedBindFailure } from '../engine/bind-failure.ts'
import { checkPort, type Target } from '../engine/target.ts'
import { SocketsError } from '../errors.ts'
import { type Endpoint, type Host, toEndpoint } from './endpoint.ts'
import { type ListenOptions, TcpServer } from './tcp-server.ts'
import { TcpSocket } from './tcp-socket.ts'

/**
 * Listens on a port of the loopback address, a host and port, an address, the path of a local socket, or a socket that
 * was bound.
 *
 * @throws {SocketsError} `ERR_INVALID_PORT`; `EADDRINUSE` and the system's other codes; `ERR_TLS_OPTION`.
 */
export function listen(port: number, options?: ListenOptions): Promise<TcpServer>
export function listen(host: Host, port: number, options?: ListenOptions): Promise<TcpServer>
export function listen(at: InetAddr | Target, options?: ListenOptions): Promise<TcpServer>
export function listen(path: string, options?: ListenOptions): Promise<TcpServer>
export function listen(bound: TcpSocket, options?: ListenOptions): Promise<TcpServer>
export async function listen(
  first: Endpoint | Host | TcpSocket,
  second?: number | ListenOptions,
  third?: ListenOptions,
): Promise<TcpServer> {
  if (first instanceof TcpSocket) {
    const listener = first.releaseListener()
    if (!listener) throw new SocketsError('ERR_NOT_BOUND', undefined, { operation: 'listen' })
    return new TcpServer(listener, second as ListenOptions | undefined)
  }
  const [at, options] = toEndpoint(first, second, third, 'listen')
  return TcpServer.listen(at, options)
}

/**
 * Listens on the first free port from the hint upwards; a hint of 0 lets the system choose.
 *
 * @returns the port, and the server.
 */
export function listenAny(hint: number, options?: ListenOptions): Promise<[port: number, server: TcpServer]>
export function listenAny(
  host: Host,
  hint: number,
  options?: ListenOptions,
): Promise<[port: number, server: TcpServer]>
export async function listenAny(
  first: number | Host,
  second?: number | ListenOptions,
  third?: ListenOptions,
): Promise<[port: number, server: TcpServer]> {
  const [at, options] = toEndpoint(first, second, third, 'listenAny')
  for (let port = checkPort(at.port, 'listenAny'); ; port++) {
    try {
      const server = await TcpServer.listen({ ...at, port }, options)
      return [(server.getSockName() as InetAddr).port, server]
    } catch (error) {
      if (!isExpectedBindFailure(error) || port >= 65535) throw error
    }
  }
}
