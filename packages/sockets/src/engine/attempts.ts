/**
 * What connecting teaches about the addresses of a name.
 * @module
 */
import type { Socket } from 'node:net'
import type { HostResolver } from '../dns/index.ts'

/**
 * Tells a resolver which addresses fail, or do not answer before their turn is over, and which one the connection stands
 * on. To be called in the turn in which the socket begins to connect.
 *
 * @returns what to call when connecting is given up: the address that is being tried did not answer.
 */
export function reportAttempts(socket: Socket, resolver: HostResolver): () => void {
  let current: string | undefined
  const failed = (address: string): void => resolver.recordFailure(address)
  socket
    .on('connectionAttempt', address => {
      current = address
    })
    .on('connectionAttemptFailed', failed)
    .on('connectionAttemptTimeout', failed)
    .once('connect', () => resolver.recordSuccess(current!))
  return () => {
    if (current !== undefined) failed(current)
  }
}
