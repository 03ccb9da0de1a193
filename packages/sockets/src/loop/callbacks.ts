/**
 * What happens to the sockets of a context.
 * @module
 */
import type { TlsContext } from '../engine/index.ts'
import type { SocketsError } from '../errors.ts'
import type { Socket } from './socket.ts'

type OnSocket<S> = ((socket: Socket<S>) => void) | undefined

/** One callback for each event; those that are not set do nothing, but for `end`, which closes. */
export class SocketCallbacks<S> {
  preOpen: ((socket: Socket<S>) => boolean | undefined) | undefined = undefined
  open: ((socket: Socket<S>, isClient: boolean, remoteAddress: string) => void) | undefined = undefined
  close: ((socket: Socket<S>, code: number, error: SocketsError | undefined) => void) | undefined = undefined
  data: ((socket: Socket<S>, data: Buffer) => void) | undefined = undefined
  writable: OnSocket<S> = undefined
  timeout: OnSocket<S> = undefined
  longTimeout: OnSocket<S> = undefined
  end: OnSocket<S> = undefined
  connectError: ((socket: Socket<S>, error: SocketsError) => void) | undefined = undefined
  serverName: ((name: string) => TlsContext | undefined | Promise<TlsContext | undefined>) | undefined =
    undefined
}
