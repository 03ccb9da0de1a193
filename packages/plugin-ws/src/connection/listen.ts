/**
 * What happens on a WebSocket and its socket, told to one connection. The listeners are the same for all, for there are
 * very many of them.
 * @module
 */
import type { Socket } from 'node:net'
import type { WebSocketClass } from './ws-library.ts'

/** Whoever is told. */
export interface Listening {
  onMessage(data: Buffer, isBinary: boolean): void
  onPing(): void
  onPong(): void
  /** Of the WebSocket; the close follows. Those of its socket are the socket's `errored` then. */
  onError(error: Error): void
  onClose(code: number, reason: Buffer): void
  /** The socket has written what it had. */
  onDrain(): void
}

const LISTENING = Symbol('listening')

interface Told {
  readonly [LISTENING]: Listening
}

function onMessage(this: unknown, data: unknown, isBinary: boolean): void {
  ;(this as Told)[LISTENING].onMessage(data as Buffer, isBinary)
}

function onPing(this: unknown): void {
  ;(this as Told)[LISTENING].onPing()
}

function onPong(this: unknown): void {
  ;(this as Told)[LISTENING].onPong()
}

function onError(this: unknown, error: Error): void {
  ;(this as Told)[LISTENING].onError(error)
}

function onClose(this: unknown, code: number, reason: Buffer): void {
  ;(this as Told)[LISTENING].onClose(code, reason)
}

function onDrain(this: unknown): void {
  ;(this as Told)[LISTENING].onDrain()
}

/** From now on the connection is told. */
export function listen(ws: WebSocketClass, socket: Socket, listening: Listening): void {
  Object.assign(ws, { [LISTENING]: listening } satisfies Told)
  ws.on('message', onMessage).on('ping', onPing).on('pong', onPong).on('error', onError).on('close', onClose)
  Object.assign(socket, { [LISTENING]: listening } satisfies Told)
  socket.on('drain', onDrain)
}
