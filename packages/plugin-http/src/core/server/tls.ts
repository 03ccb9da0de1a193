/**
 * TLS on the server's side: options 0 and 320-337 as what node:https takes.
 * @module
 */
import {
  type PluginSocket,
  SO_TLS_VERIFY_PEER,
  SocketError,
  serverTlsSettings,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_PASSPHRASE,
  TLS_PRIVATE_KEY,
  TLS_SNI,
  tlsFailure,
} from '@unisock/kernel/plugin'
import { readServerTls, type ServerTls } from '@unisock/sockets/engine'

/** What of TLS may change while the server listens. */
const LIVE: ReadonlySet<number> = new Set([
  SO_TLS_VERIFY_PEER,
  TLS_CERTIFICATE,
  TLS_PRIVATE_KEY,
  TLS_CA,
  TLS_SNI,
  TLS_PASSPHRASE,
])

export function isLiveTlsOption(option: number): boolean {
  return LIVE.has(option)
}

/**
 * Reads the options.
 *
 * @throws {SocketError} `EINVAL` naming the option, for one that is missing, unreadable or does not fit the others.
 */
export function readTls(socket: PluginSocket): ServerTls {
  const { alpn = ['http/1.1'], ...settings } = serverTlsSettings(socket)
  if (alpn.includes('h2'))
    throw new SocketError('EINVAL', 'TLS_ALPN (329): h2 is offered, but the server speaks HTTP/1.1', {
      op: 'bind',
    })
  try {
    return readServerTls({ ...settings, alpn })
  } catch (error) {
    throw tlsFailure(error)
  }
}
