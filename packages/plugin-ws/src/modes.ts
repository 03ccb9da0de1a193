/**
 * Socket modes 30-36.
 * @module
 */
import { defineMode, type, WS_MODE } from '@unisock/kernel/plugin'
import { byteStreamOwner } from './byte-stream/owner.ts'
import { fileStreamOwner } from './file-stream/owner.ts'
import type { FileMessage, FileWrite } from './file-stream/wire.ts'
import type { WsMessage } from './owner/message.ts'
import type { WsWrite } from './owner/write.ts'
import { wsOwner } from './owner/ws-owner.ts'

const shared = {
  package: '@unisock/plugin-ws',
  family: 'ws',
  flags: [WS_MODE],
  message: type<WsMessage>(),
  write: type<WsWrite>(),
  owner: wsOwner,
} as const

/** A WebSocket server, on a port of its own or on that of an HTTP or REST server. */
export const WEBSOCKET_SERVER = defineMode({
  ...shared,
  number: 30,
  name: 'WEBSOCKET_SERVER',
  families: ['rate'],
  kind: 'server',
})
/** A WebSocket client. */
export const WEBSOCKET_CLIENT = defineMode({
  ...shared,
  number: 31,
  name: 'WEBSOCKET_CLIENT',
  kind: 'client',
  restart: 'reconnect',
})
/** A WebSocket server over TLS. */
export const WEBSOCKET_SECURE_SERVER = defineMode({
  ...shared,
  number: 32,
  name: 'WEBSOCKET_SECURE_SERVER',
  families: ['tls', 'rate'],
  kind: 'server',
})
/** A WebSocket client over TLS. */
export const WEBSOCKET_SECURE_CLIENT = defineMode({
  ...shared,
  number: 33,
  name: 'WEBSOCKET_SECURE_CLIENT',
  families: ['tls'],
  kind: 'client',
  restart: 'reconnect',
})
/**
 * Files in chunks, resumed where they were cut off: a server by `listen`, a client by `connect`, over TLS where the TLS
 * options say so.
 */
export const WEBSOCKET_FILE_STREAM = defineMode({
  ...shared,
  number: 34,
  name: 'WEBSOCKET_FILE_STREAM',
  families: ['tls', 'rate'],
  kind: 'both',
  restart: 'reconnect',
  message: type<FileMessage>(),
  write: type<FileWrite>(),
  owner: fileStreamOwner,
})
/**
 * One ordered stream of bytes in each direction, with an end of its own: a server by `listen`, a client by `connect`, over
 * TLS where the TLS options say so.
 */
export const WEBSOCKET_BINARY_STREAM = defineMode({
  ...shared,
  number: 35,
  name: 'WEBSOCKET_BINARY_STREAM',
  families: ['tls', 'rate'],
  kind: 'both',
  message: type<Buffer>(),
  write: type<string | Uint8Array>(),
  owner: byteStreamOwner,
})
/**
 * WebSockets whose messages are compressed with little memory: a server by `listen`, a client by `connect`, over TLS where
 * the TLS options say so.
 */
export const WEBSOCKET_COMPRESSED_NATIVE = defineMode({
  ...shared,
  number: 36,
  name: 'WEBSOCKET_COMPRESSED_NATIVE',
  families: ['tls', 'rate'],
  kind: 'both',
  restart: 'reconnect',
})
