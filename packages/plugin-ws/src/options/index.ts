/**
 * Options of the WebSocket modes: 120-129 and 270-274.
 * @module
 */
export * from './auth.ts'
export * from './compression.ts'
export * from './file.ts'
export * from './handshake.ts'
export * from './messages.ts'
export * from './reconnect.ts'
export * from './subprotocols.ts'
