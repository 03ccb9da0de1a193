/**
 * TLS: contexts, and handshakes on both sides.
 * @module
 */
export { type ClientTls, clientHandshake, readClientTls, type TlsClientOptions } from './client.ts'
export { createTlsContext, type TlsContext, type TlsContextOptions, type TlsIdentity } from './context.ts'
export { TlsOptionError } from './option-error.ts'
export {
  beginHandshake,
  createHandshakes,
  readServerTls,
  type ServerTls,
  serverHandshake,
  serverTlsOptions,
  type TlsServerOptions,
  useServerTls,
} from './server.ts'
export { type PeerCertificate, type TlsSession, tlsSession } from './session.ts'
