/**
 * Opening the system's socket.
 * @module
 */
import { createSocket, type Socket } from 'node:dgram'
import type { IPFamily } from '../address/index.ts'
import { toSocketsError } from '../errors.ts'

export interface OpenOptions {
  /** A literal of the family. */
  readonly host: string
  readonly port: number
  readonly family: IPFamily
  readonly ipv6Only: boolean
  readonly reuseAddress: boolean
  readonly reusePort: boolean
  readonly recvBufferSize: number | undefined
  readonly sendBufferSize: number | undefined
}

/** All hosts are literals by now, so that nothing has to be looked up, nor put off to a later turn. */
function lookupLiteral(
  host: string,
  family: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, host, family as number)
}

/** @throws {SocketsError} with the system's code. */
export async function openSocket(options: OpenOptions): Promise<Socket> {
  const { host, port, family, ipv6Only, reuseAddress, reusePort, recvBufferSize, sendBufferSize } = options
  const socket = createSocket({
    type: family === 4 ? 'udp4' : 'udp6',
    lookup: lookupLiteral as never,
    reuseAddr: reuseAddress,
    reusePort,
    ipv6Only,
    ...(recvBufferSize !== undefined && { recvBufferSize }),
    ...(sendBufferSize !== undefined && { sendBufferSize }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('error', reject)
  try {
    socket.bind({ address: host, port }, resolve)
    await promise
  } catch (error) {
    socket.close()
    throw toSocketsError(error, 'bind')
  }
  socket.off('error', reject)
  return socket
}
