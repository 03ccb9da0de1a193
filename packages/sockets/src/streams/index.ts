/**
 * Stream sockets by promise.
 * @module
 */
export type { ReadOptions, ReadUntilOptions } from './byte-reader.ts'
export { connect } from './connect.ts'
export type { Endpoint, Host } from './endpoint.ts'
export { listen, listenAny } from './listen.ts'
export type { SocketName } from './names.ts'
export { type ListenOptions, TcpServer } from './tcp-server.ts'
export { type CloseSocketOptions, TcpSocket } from './tcp-socket.ts'
export type { TlsUpgradeOptions } from './upgrade.ts'
export type { WebStreams } from './web-streams.ts'
