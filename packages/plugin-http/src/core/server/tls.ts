/**
 * TLS on the server's side: options 0 and 320-337 as what handshakes take.
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
import { HTTP2_ENABLE } from '../http2/options.ts'

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
  const enabled = socket.option(HTTP2_ENABLE) !== false
  const { alpn = enabled ? ['h2', 'http/1.1'] : ['http/1.1'], ...settings } = serverTlsSettings(socket)
  if (!enabled && alpn.includes('h2'))
    throw new SocketError('EINVAL', 'TLS_ALPN (329): h2 is offered, but HTTP2_ENABLE (340) is false', {
      op: 'bind',
    })
  try {
    return readServerTls({ ...settings, alpn })
  } catch (error) {
    throw tlsFailure(error)
  }
}
