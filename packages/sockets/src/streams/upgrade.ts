/**
 * TLS in the middle of a conversation.
 * @module
 */
import type { Socket } from 'node:net'
import { clientHandshake, readClientTls, type TlsClientOptions } from '../tls/client.ts'
import { readServerTls, serverHandshake, type TlsServerOptions } from '../tls/server.ts'

/** A client's options, or with `isServer` a server's. */
export type TlsUpgradeOptions = TlsClientOptions | ({ isServer: true } & TlsServerOptions)

/**
 * Reads the options, and gives the handshake that is to be done with them. `host` is whom a client has connected to.
 *
 * @throws {TlsOptionError}
 */
export function prepareUpgrade(
  stream: Socket,
  host: string | undefined,
  options: TlsUpgradeOptions,
): () => Promise<Socket> {
  if ('isServer' in options) {
    const tls = readServerTls(options)
    return () => serverHandshake(stream, tls)
  }
  const tls = readClientTls(options)
  return () => clientHandshake(stream, host, tls)
}
