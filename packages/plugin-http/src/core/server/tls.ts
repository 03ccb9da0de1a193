/**
 * TLS on the server's side: options 0 and 320-337 as what node:tls takes.
 * @module
 */
import { constants } from 'node:crypto'
import type { ServerOptions } from 'node:https'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
} from 'node:tls'
import {
  type PluginSocket,
  SO_TLS_VERIFY_PEER,
  TLS_ALPN,
  TLS_CA,
  TLS_CERTIFICATE,
  TLS_CIPHERS,
  TLS_DH_PARAMS,
  TLS_HANDSHAKE_TIMEOUT,
  TLS_LOW_MEMORY,
  TLS_MIN_VERSION,
  TLS_PASSPHRASE,
  TLS_PRIVATE_KEY,
  TLS_SNI,
  type TlsContext,
} from '@unisock/kernel/plugin'
import { readAuthorities, readCertificate, readPem, readPrivateKey, tlsError } from './tls-files.ts'

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

/** A listener's certificates, in the form that handshakes use. */
export interface TlsState {
  /** For names without a context of their own, and for clients that send none. */
  context: SecureContextOptions
  byName: ReadonlyMap<string, SecureContext>
  verifyPeer: boolean
}

/**
 * Reads the options.
 *
 * @throws {SocketError} `EINVAL` naming the option, for one that is missing, unreadable or does not fit the others.
 */
export function readTls(socket: PluginSocket): TlsState {
  const certificate = socket.option(TLS_CERTIFICATE) as string | undefined
  const privateKey = socket.option(TLS_PRIVATE_KEY) as string | undefined
  if (certificate === undefined)
    throw tlsError('TLS_CERTIFICATE (322)', 'must be set: an HTTPS server needs a certificate')
  if (privateKey === undefined) throw tlsError('TLS_PRIVATE_KEY (323)', "must be set: the certificate's key")
  const shared = readShared(socket)
  const passphrase = socket.option(TLS_PASSPHRASE) as string | undefined
  const own: TlsContext = { certificate, privateKey, ...(passphrase !== undefined && { passphrase }) }
  const context = readContext(own, shared, 'TLS_CERTIFICATE (322)', 'TLS_PRIVATE_KEY (323)')
  const byName = new Map<string, SecureContext>()
  for (const [name, entry] of Object.entries(
    (socket.option(TLS_SNI) as Record<string, TlsContext> | undefined) ?? {},
  )) {
    const label = `TLS_SNI (330) ${name}`
    byName.set(name.toLowerCase(), createSecureContext(readContext(entry, shared, label, label)))
  }
  return { context, byName, verifyPeer: socket.option(SO_TLS_VERIFY_PEER) === true }
}

/** What all of a listener's contexts have in common. */
function readShared(socket: PluginSocket): SecureContextOptions {
  const shared: SecureContextOptions = { minVersion: socket.option(TLS_MIN_VERSION) as SecureVersion }
  const ca = readAuthorities('TLS_CA (324)', socket.option(TLS_CA))
  if (ca) shared.ca = ca
  const ciphers = socket.option(TLS_CIPHERS) as string | undefined
  if (ciphers !== undefined) shared.ciphers = proven('TLS_CIPHERS (320)', { ciphers }).ciphers!
  const dh = socket.option(TLS_DH_PARAMS) as string | undefined
  if (dh !== undefined) {
    const dhparam = dh === 'auto' ? dh : readPem('TLS_DH_PARAMS (335)', dh)
    // OpenSSL takes anything else for none.
    if (dh !== 'auto' && !dhparam.includes('DH PARAMETERS-----'))
      throw tlsError('TLS_DH_PARAMS (335)', 'no DH parameters')
    shared.dhparam = proven('TLS_DH_PARAMS (335)', { dhparam }).dhparam!
  }
  if (socket.option(TLS_LOW_MEMORY)) shared.secureOptions = constants.SSL_OP_NO_TICKET
  return shared
}

function readContext(
  own: TlsContext,
  shared: SecureContextOptions,
  certLabel: string,
  keyLabel: string,
): SecureContextOptions {
  const { pem: cert, certificate } = readCertificate(certLabel, own.certificate)
  const key = readPrivateKey(keyLabel, own.privateKey, own.passphrase, certificate)
  const context: SecureContextOptions = { ...shared, cert, key }
  if (own.passphrase !== undefined) context.passphrase = own.passphrase
  const ca = readAuthorities(certLabel, own.ca)
  if (ca) context.ca = ca
  return proven(certLabel, context)
}

/** OpenSSL takes the options. */
function proven(label: string, options: SecureContextOptions): SecureContextOptions {
  try {
    createSecureContext(options)
    return options
  } catch (cause) {
    throw tlsError(label, (cause as Error).message, cause)
  }
}

/** The context for a server name: its own, else that of `*.` and its parent (RFC 6125 section 6.4.3). */
export function contextFor(state: TlsState, name: string): SecureContext | undefined {
  if (state.byName.size === 0) return undefined
  const lower = name.toLowerCase()
  const dot = lower.indexOf('.')
  return state.byName.get(lower) ?? (dot > 0 ? state.byName.get(`*${lower.slice(dot)}`) : undefined)
}

/** What node:https takes. `current` is asked at each handshake, so that certificates may change. */
export function serverTlsOptions(socket: PluginSocket, current: () => TlsState): ServerOptions {
  const { context, verifyPeer } = current()
  const protocols = socket.option(TLS_ALPN) as string[] | undefined
  if (protocols?.includes('h2'))
    throw tlsError('TLS_ALPN (329)', 'h2 is offered, but the server speaks HTTP/1.1')
  return {
    ...context,
    requestCert: verifyPeer,
    rejectUnauthorized: verifyPeer,
    handshakeTimeout: socket.option(TLS_HANDSHAKE_TIMEOUT) * 1000,
    ALPNProtocols: protocols ?? ['http/1.1'],
    SNICallback: (name, done) => done(null, contextFor(current(), name)),
  }
}
