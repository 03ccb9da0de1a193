/**
 * What a mode makes of a WebSocket, whoever opened it.
 * @module
 */
import type { Socket } from 'node:net'
import type { Connection } from '@unisock/kernel/plugin'
import { WsConnection, type WsConnectionOptions } from './connection/ws-connection.ts'
import type { WebSocketClass } from './connection/ws-library.ts'
import { type CompressionSettings, compressionOf } from './deflate/settings.ts'
import type { Subprotocol } from './options/index.ts'
import { subprotocolsOf } from './server/subprotocols.ts'

export interface Profile {
  /** What is offered or accepted; undefined: nothing in particular. */
  subprotocols(fd: Connection): readonly Subprotocol[] | undefined
  /** How permessage-deflate is offered or accepted; undefined: not at all. */
  compression(fd: Connection): CompressionSettings | undefined
  /** There is no connection without permessage-deflate. */
  compressed: boolean
  /** A server may serve hydrogen-protocol. */
  hydrogen: boolean
  /** The driver of an open connection. */
  connection(fd: Connection, ws: WebSocketClass, socket: Socket, options: WsConnectionOptions): WsConnection
}

/** Messages as they are: modes 30-33. */
export const MESSAGES: Profile = {
  subprotocols: subprotocolsOf,
  compression: compressionOf,
  compressed: false,
  hydrogen: true,
  connection: (fd, ws, socket, options) => new WsConnection(fd, ws, socket, options),
}
