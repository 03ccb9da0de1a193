/**
 * What happens on a stream, told to the object that owns it. One function serves all streams: closures of their own
 * would be a good part of what an idle connection costs.
 * @module
 */
import type { Socket } from 'node:net'

export interface SocketEvents {
  received(chunk: Buffer): void
  /** The peer sends no more. */
  peerEnded(): void
  /** Everything that was queued is with the system. */
  drained(): void
  /** `gone` follows. */
  failed(error: Error): void
  /** The stream is closed. */
  gone(): void
}

const OWNER = Symbol('owner')

interface OwnedSocket extends Socket {
  [OWNER]: SocketEvents
}

/** Has `owner` told of all that happens on the socket. */
export function own(socket: Socket, owner: SocketEvents): void {
  Object.assign(socket, { [OWNER]: owner })
    .on('data', onData)
    .on('end', onEnd)
    .on('drain', onDrain)
    .on('error', onError)
    .on('close', onClose)
}

function onData(this: Socket, chunk: Buffer): void {
  ;(this as OwnedSocket)[OWNER].received(chunk)
}

function onEnd(this: Socket): void {
  ;(this as OwnedSocket)[OWNER].peerEnded()
}

function onDrain(this: Socket): void {
  ;(this as OwnedSocket)[OWNER].drained()
}

function onError(this: Socket, error: Error): void {
  ;(this as OwnedSocket)[OWNER].failed(error)
}

function onClose(this: Socket): void {
  ;(this as OwnedSocket)[OWNER].gone()
}
