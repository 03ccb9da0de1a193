/**
 * Sockets in the calling thread: addresses, names, TCP, TLS, UDP and local streams, by promise and by callback.
 * @module
 */
export * from './address/index.ts'
export * from './dns/index.ts'
export type { DialOptions } from './engine/dial.ts'
export type { Address, Target } from './engine/target.ts'
export * from './errors.ts'
export * from './loop/index.ts'
export * from './streams/index.ts'
export {
  createTlsContext,
  type PeerCertificate,
  type TlsClientOptions,
  type TlsContext,
  type TlsContextOptions,
  type TlsIdentity,
  TlsOptionError,
  type TlsServerOptions,
  type TlsSession,
} from './tls/index.ts'
export * from './udp/index.ts'
