/**
 * Taking upgrades from the port of an HTTP or REST server in the same worker.
 * @module
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Addr, type PluginSocket, SocketError } from '@unisock/kernel/plugin'

/** What HTTP servers offer under the name `upgrade`. */
export interface UpgradeService {
  /** Where the server is bound: resolves when it is. */
  readonly address: Promise<Addr>
  /** Over TLS; known once there is an address. */
  readonly secure: boolean
  /**
   * Takes the upgrades to a path, or those to all paths that nobody has taken; returns the undo. `client` is whom a
   * proxy in front that is believed has named.
   *
   * @throws {SocketError} `EADDRINUSE` for what another has taken, `EBADADDR` for what is no path.
   */
  take(
    path: string | undefined,
    serve: (request: IncomingMessage, socket: Socket, head: Buffer, client: Addr | undefined) => void,
  ): () => void
}

/** @throws {SocketError} `ENOTSUP` when there is no such server in this worker. */
export function upgradesOf(socket: PluginSocket, on: number): UpgradeService {
  const service = socket.offered<UpgradeService>(on, 'upgrade')
  if (service) return service
  throw new SocketError(
    'ENOTSUP',
    `fd ${on} hands over no upgrades here: it must be an HTTP or REST server, and both plugins must name the same worker, as in rest({ worker: 'web' }) and ws({ worker: 'web' })`,
    { op: 'bind' },
  )
}

/** Milliseconds in which that server must be bound: its bind may have been called just before or after. */
const BIND_TIMEOUT = 10_000

/** @throws {SocketError} `ENOADDR` when it is not bound in time; `EBADF` when it ends before. */
export async function addressOf(
  { address }: UpgradeService,
  on: number,
  timeout = BIND_TIMEOUT,
): Promise<Addr> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () =>
      late.reject(
        new SocketError('ENOADDR', `bind fd ${on} first, whose port is to be shared`, { op: 'bind' }),
      ),
    timeout,
  )
  try {
    return await Promise.race([address, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
